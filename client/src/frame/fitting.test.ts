import { describe, expect, it } from 'vitest';
import { fitting } from './fitting';

const find = (letters: string, items: string[], most = 8) => fitting(items, letters, (item) => item, most);

describe('what fits to some letters', () => {
  it('is nothing before there are two', () => {
    expect(find('', ['abc'])).toEqual([]);
    expect(find(' a ', ['abc'])).toEqual([]);
    expect(find('ab', ['abc'])).toEqual(['abc']);
  });

  it('begins with them first, and is in its order else', () => {
    expect(find('SMTP', ['my_smtp', 'smtp_host', 'no_smtp', 'smtp_port', 'other'])).toEqual(['smtp_host', 'smtp_port', 'my_smtp', 'no_smtp']);
  });

  it('is so many at most', () => {
    expect(find('ab', ['xab', 'ab1', 'ab2', 'ab3'], 2)).toEqual(['ab1', 'ab2']);
  });
});
