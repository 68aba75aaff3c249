import { expect, it } from 'vitest';
import { causeWords } from './attempts';

it('says why another attempt followed, as far as it is told', () => {
  expect(causeWords('worker_lost')).toBe('Its worker was lost');
  expect(causeWords('dead_letter:delivery_limit')).toBe('No worker took it (delivery_limit)');
  expect(causeWords('dead_letter')).toBe('No worker took it');
  expect(causeWords('error:httpx.ConnectError')).toBe('It failed with httpx.ConnectError');
  expect(causeWords('error:limit_exceeded:fuel')).toBe('It failed with limit_exceeded:fuel');
  expect(causeWords('error')).toBe('It failed');
  expect(causeWords('something else')).toBe('something else');
});
