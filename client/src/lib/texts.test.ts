import { describe, expect, it } from 'vitest';
import { explain, problemOf, sentence } from '@/api/problem';
import { curlCommand, endpointCommand, endpointRequest, exampleInput, quote, runCommand } from './commands';
import { cronWords } from './cron';
import { rows, totals } from './diff';
import { bytes, ordinal } from './format';
import { samples, total } from './metrics';
import { asTable, cell } from './table';
import { ago, duration } from './time';
import { pieces } from './traceback';

describe('times', () => {
  it('are in words', () => {
    const now = new Date('2026-01-31T12:00:00Z');
    const at = (seconds: number) => ago(new Date(now.getTime() + seconds * 1_000), now);
    expect([at(-2), at(-120), at(7_200), at(-86_400)]).toEqual(['just now', '2 min ago', 'in 2 hr', 'yesterday']);
    expect([12, 3_400, 59_000, 125_000, 4_800_000, 90_000_000].map(duration)).toEqual([
      '12 ms',
      '3.4 s',
      '59 s',
      '2 min 5 s',
      '1 h 20 min',
      '1 d 1 h',
    ]);
    expect(duration(3_599_999)).toBe('60 min');
    expect([1, 2, 3, 4, 11, 22, 1_113].map(ordinal)).toEqual(['1st', '2nd', '3rd', '4th', '11th', '22nd', '1,113th']);
    expect([0, 1_536, 268_435_456].map(bytes)).toEqual(['0 B', '1.5 KiB', '256 MiB']);
  });

  it('of schedules are in words, and nothing where there are none', () => {
    expect(cronWords('0 9 * * 1-5')).toBe('At 09:00, Monday through Friday');
    expect(cronWords('@daily')).toBe('At 00:00, every day');
    expect(cronWords('every day')).toBeUndefined();
  });
});

describe('errors', () => {
  it('say what happened and what to do', () => {
    const error = problemOf(403, { code: 'denied', detail: 'this needs the permission keys.manage', request_id: 'r1' });
    expect(explain(error)).toEqual({
      title: 'This needs the permission keys.manage.',
      advice: 'Ask an administrator of your organization for this permission.',
      requestId: 'r1',
    });
    expect(explain(problemOf(422, { detail: 'is missing', field: 'fields[0].label' })).title).toBe('Fields[0].label: is missing.');
    expect(explain(problemOf(422, { detail: 'this is not your password', field: 'password' })).title).toBe('This is not your password.');
    expect(explain(problemOf(502, undefined)).title).toBe('The server answered 502.');
    expect(explain(new TypeError('Failed to fetch')).title).toBe('The server cannot be reached.');
    expect(sentence('already “here”')).toBe('Already “here”');
  });

  it('name lines of the workspace’s code, and not those of the library', () => {
    const traceback = [
      'Traceback (most recent call last):',
      '  File "/workspace/workflows/a.py", line 12, in run',
      '  File "/lib/python3.14/json/__init__.py", line 3, in loads',
      '  File "<string>", line 1',
      'ValueError: no',
    ].join('\n');
    const links = pieces(traceback).filter(({ path }) => path !== undefined);
    expect(links).toEqual([{ text: 'File "/workspace/workflows/a.py", line 12', path: 'workflows/a.py', line: 12 }]);
    expect(pieces(traceback).map(({ text }) => text).join('')).toBe(traceback);
  });
});

describe('texts of others', () => {
  it('a diff becomes rows with their lines', () => {
    const found = rows('--- a/x.py\n+++ b/x.py\n@@ -1,3 +1,3 @@\n a\n-b\n+--c\n d\n');
    expect(found.map(({ change, before, after, text }) => [change, before, after, text])).toEqual([
      ['hunk', undefined, undefined, '@@ -1,3 +1,3 @@'],
      ['same', 1, 1, 'a'],
      ['removed', 2, undefined, 'b'],
      ['added', undefined, 2, '--c'],
      ['same', 3, 3, 'd'],
    ]);
    expect(totals(found)).toEqual({ added: 1, removed: 1 });
  });

  it('metrics become numbers', () => {
    const all = samples('# HELP x y\nbifrost_db{state="used"} 2\nbifrost_db{state="idle",a="b\\"c"} 3\nup 1e3\n');
    expect(total(all, 'bifrost_db')).toBe(5);
    expect(total(all, 'bifrost_db', { state: 'idle' })).toBe(3);
    expect(total(all, 'up')).toBe(1_000);
    expect(total(all, 'none')).toBeUndefined();
  });

  it('a list of objects is a table, anything else is none', () => {
    expect(asTable([{ a: 1 }, { b: 2 }])?.columns).toEqual(['a', 'b']);
    for (const other of [[], [1], [{}], [[1]], { a: 1 }, null, 'x']) expect(asTable(other)).toBeUndefined();
  });

  it('a cell has a value as people write it', () => {
    expect([null, true, 1_234.5, 'x', ['a', 2, null], []].map(cell)).toEqual(['–', 'yes', '1,234.5', 'x', 'a, 2, –', 'none']);
    expect([{ a: 1 }, [{ a: 1 }]].map(cell)).toEqual(['{"a":1}', '[{"a":1}]']);
  });

  it('commands are safe to paste', () => {
    expect(quote("it's; rm -rf /")).toBe(`'it'\\''s; rm -rf /'`);
    expect(runCommand('Open tickets', { name: 'Ada', count: 2 })).toBe(
      "bifrost run 'Open tickets' --param name=Ada --param count=2",
    );
    const curl = curlCommand('http://x', 'id', { a: "'" }, 'org');
    expect(curl).toContain("-H 'X-Bifrost-Organization: org'");
    expect(curl).toContain(`"a":"'\\''"`);
  });

  it('commands call an endpoint by its method', () => {
    const call = { address: 'http://x/api/endpoints/o/orders', input: { number: 7, name: "O'Neil" } };
    expect(endpointCommand({ ...call, method: 'GET', open: true })).toBe(`curl 'http://x/api/endpoints/o/orders?number=7&name=O%27Neil'`);
    const post = endpointCommand({ ...call, method: 'POST', open: false });
    expect(post).toContain('-H "X-Bifrost-Key: $BIFROST_KEY"');
    expect(post).toContain(`-d '{"number":7,"name":"O'\\''Neil"}'`);
    expect(post).not.toContain('-X');
    expect(endpointCommand({ ...call, method: 'POST', input: {}, open: true })).toBe('curl -X POST http://x/api/endpoints/o/orders');
    expect(endpointCommand({ ...call, method: 'PUT', open: true })).toContain('curl -X PUT ');
    const lists = { tags: ['a', 'b'], one: ['c'], empty: [] };
    const { url, body } = endpointRequest({ ...call, method: 'DELETE', input: lists });
    expect([...new URL(url).searchParams]).toEqual([['tags', 'a'], ['tags', 'b'], ['one', '["c"]'], ['empty', '[]']]);
    expect(body).toBeUndefined();
    expect(endpointRequest({ ...call, method: 'PATCH', input: lists })).toEqual({ url: call.address, body: JSON.stringify(lists) });
    const parameters = [
      { name: 'a', type: 'int', required: true },
      { name: 'b', type: 'string', required: false },
      { name: 'c', type: 'what', required: true },
    ];
    expect(exampleInput(parameters)).toEqual({ a: 7, c: 'text' });
  });
});
