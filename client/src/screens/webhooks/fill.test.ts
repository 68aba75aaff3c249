import { describe, expect, it } from 'vitest';
import { fitting, saidAt, says, sourceOf, unmet, valueAt, withValue } from './fill';

describe('places of an event', () => {
  it('come from the body, or from the header of its name', () => {
    expect(sourceOf('github', '/data/issue/number')).toEqual({ pointer: '/issue/number' });
    expect(sourceOf('github', '/type')).toBe('header');
    expect(sourceOf('generic', '/type')).toEqual({ pointer: '/type' });
    expect(sourceOf('microsoft_graph', '/type')).toEqual({ pointer: '/value/0/changeType' });
    for (const pointer of ['/data', '/id', '/headers/x', '/data/list/101']) expect(sourceOf('generic', pointer), pointer).toBeUndefined();
    expect(sourceOf('adapter', '/data/a')).toBeUndefined();
  });

  it('are read as RFC 6901 has it', () => {
    const document = { a: [{ 'b/c': 1 }], '~': 2, n: null };
    expect(['/a/0/b~1c', '/~0', '/n', '/a/1', '/a/x', '/toString', '/n/x'].map((pointer) => valueAt(document, pointer))).toEqual([
      1,
      2,
      null,
      undefined,
      undefined,
      undefined,
      undefined,
    ]);
  });

  it('are written, and what was there before stays as it was', () => {
    const before = { issue: { title: 'a' }, list: [1] };
    expect(withValue(before, '/issue/number', 7)).toEqual({ issue: { title: 'a', number: 7 }, list: [1] });
    expect(withValue(before, '/list/2', 'x')).toEqual({ issue: { title: 'a' }, list: [1, null, 'x'] });
    expect(withValue({}, '/value/0/id', 7)).toEqual({ value: [{ id: 7 }] });
    expect(withValue(before, '/issue/title', undefined)).toEqual({ issue: {}, list: [1] });
    expect(withValue(before, '/list/0', undefined)).toEqual({ issue: { title: 'a' }, list: [null] });
    expect(withValue(before, '/other/x', undefined)).toEqual(before);
    expect(withValue({ a: 'text' }, '/a/b', 1)).toEqual({ a: { b: 1 } });
    expect(before).toEqual({ issue: { title: 'a' }, list: [1] });
    const odd = withValue({}, '/__proto__/x', 1);
    expect(valueAt(odd, '/__proto__/x')).toBe(1);
    expect(Object.getPrototypeOf(odd)).toBe(Object.prototype);
  });
});

describe('a test delivery', () => {
  const filter = [
    { pointer: '/type', equals: 'issues' as never },
    { pointer: '/data/action', equals: 'opened' as never },
    { pointer: '/data/draft', exists: false },
    { pointer: '/data/issue', exists: true },
    { pointer: '/headers/x', exists: true },
  ];
  const delivered = { body: { action: 'closed', draft: true }, event: 'push' };

  it('is made to fit a filter as far as that says how', () => {
    expect(unmet('github', filter, delivered).map(({ pointer }) => pointer)).toEqual(['/type', '/data/action', '/data/draft', '/data/issue']);
    const fits = fitting('github', filter, delivered);
    expect(fits).toEqual({ body: { action: 'opened' }, event: 'issues' });
    expect(unmet('github', filter, fits).map(({ pointer }) => pointer)).toEqual(['/data/issue']);
  });

  it('says what a parameter wants', () => {
    const said = says(says(delivered, { pointer: '/issue/number' }, 7), 'header', 'issues');
    expect(said).toEqual({ body: { action: 'closed', draft: true, issue: { number: 7 } }, event: 'issues' });
    expect([saidAt(said, { pointer: '/issue/number' }), saidAt(said, 'header')]).toEqual([7, 'issues']);
  });
});
