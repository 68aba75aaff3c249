import { expect, it } from 'vitest';
import { worth } from './worth';

it('tells what a run was worth, and nothing of what is no number', () => {
  expect(worth({ time_saved: 5, value: 0 })).toBe('saved 5 min');
  expect(worth({ time_saved: 90, value: '1234.5' })).toBe('saved 1 h 30 min, worth 1,234.5');
  expect(worth({ time_saved: 0.25 })).toBe('saved 15 s');
  for (const nothing of [undefined, null, 5, [], {}, { time_saved: -1, value: 'much' }, { value: '' }]) {
    expect(worth(nothing)).toBeUndefined();
  }
});
