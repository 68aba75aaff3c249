import { describe, expect, it } from 'vitest';
import { GOALS, meaningOf, nextRow, takesText } from './shortcut-keys';

describe('keys', () => {
  it('mean something alone', () => {
    expect(meaningOf('?', false)).toEqual({ do: 'help' });
    expect(meaningOf('/', false)).toEqual({ do: 'search' });
    expect(meaningOf('j', false)).toEqual({ do: 'down' });
    expect(meaningOf('k', false)).toEqual({ do: 'up' });
    expect(meaningOf('w', false)).toBeUndefined();
    expect(meaningOf('Enter', false)).toBeUndefined();
  });

  it('lead somewhere after g', () => {
    expect(meaningOf('w', true)).toEqual({ go: '/workflows' });
    expect(meaningOf('k', true)).toEqual({ go: '/config' });
    expect(meaningOf('?', true)).toBeUndefined();
    expect(meaningOf('toString', true)).toBeUndefined();
    expect(new Set(Object.values(GOALS)).size).toBe(Object.keys(GOALS).length);
  });

  it('stay within the rows', () => {
    expect([nextRow(3, -1, 1), nextRow(3, -1, -1)]).toEqual([0, 2]);
    expect([nextRow(3, 0, 1), nextRow(3, 2, 1), nextRow(3, 0, -1)]).toEqual([1, 2, 0]);
  });

  it('are letters where somebody types', () => {
    const element = (tagName: string, attributes: Record<string, string> = {}, isContentEditable = false) => ({
      tagName,
      isContentEditable,
      getAttribute: (name: string) => attributes[name] ?? null,
    });
    expect(takesText(element('INPUT'))).toBe(true);
    expect(takesText(element('INPUT', { type: 'search' }))).toBe(true);
    expect(takesText(element('TEXTAREA'))).toBe(true);
    expect(takesText(element('SELECT'))).toBe(true);
    expect(takesText(element('DIV', {}, true))).toBe(true);
    expect(takesText(element('BUTTON', { role: 'combobox' }))).toBe(true);
    expect(takesText(element('INPUT', { type: 'checkbox' }))).toBe(false);
    expect(takesText(element('A'))).toBe(false);
    expect(takesText(element('BODY'))).toBe(false);
  });
});
