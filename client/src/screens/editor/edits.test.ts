import { describe, expect, it, vi } from 'vitest';
import { contentOf, fromBase64, same, toBase64, type Content } from './content';
import { asFiles, changeOf, deployed, move, patched, undone, write, type Edit, type Edits } from './edits';
import type { Kept } from './keep';
import { compare, keepMine, takeTheirs } from './rebase';
import { Store, type Channel, type Keeper } from './store';

const none: Edits = new Map();
const bytes = (...values: number[]) => Uint8Array.from(values);

describe('content', () => {
  it('is text only where the bytes come back as they were', () => {
    for (const values of [[0xef, 0xbb, 0xbf, 0x61], [0xff, 0xfe], [0x61, 0x00], [0xc3, 0xbc, 0x0d, 0x0a]]) {
      const content = contentOf(bytes(...values));
      expect([...Uint8Array.from(atob(toBase64(content)), (c) => c.charCodeAt(0))]).toEqual(values);
      expect(same(fromBase64(toBase64(content)), content)).toBe(true);
    }
    expect(typeof contentOf(bytes(0xc3, 0xbc))).toBe('string');
    expect(typeof contentOf(bytes(0xff))).not.toBe('string');
    const large = new Uint8Array(100_000).fill(7);
    expect(fromBase64(toBase64(large))).toHaveLength(100_000);
  });

  it('is the same by its bytes', () => {
    expect(same(bytes(0, 1), bytes(0, 1))).toBe(true);
    expect(same(bytes(0, 1), bytes(0, 2))).toBe(false);
    expect(same(bytes(0), null)).toBe(false);
    expect(same('', null)).toBe(false);
    expect(same(null, null)).toBe(true);
  });
});

describe('edits', () => {
  it('know from what they began, and are none when they are back there', () => {
    let edits = patched(none, write(none, 'a.py', 'one', 'zero'));
    edits = patched(edits, write(edits, 'a.py', 'two', 'a later version'));
    expect(edits.get('a.py')).toEqual({ content: 'two', base: 'zero' });
    edits = patched(edits, write(edits, 'a.py', 'zero', 'a later version'));
    expect(edits.size).toBe(0);
    edits = patched(edits, write(edits, 'new.py', '', null));
    expect(changeOf(edits.get('new.py') as Edit)).toBe('added');
    edits = patched(edits, write(edits, 'new.py', 'more', 'what is no deployed file'));
    expect(edits.get('new.py')).toEqual({ content: 'more', base: null });
    edits = patched(edits, write(edits, 'new.py', null, null));
    expect(edits.size).toBe(0);
    edits = patched(edits, write(edits, 'b.py', null, 'b'));
    expect(changeOf(edits.get('b.py') as Edit)).toBe('removed');
    expect(asFiles(edits)).toEqual({ 'b.py': null });
  });

  it('move a file that is deployed, and leave no trace of one that is not', () => {
    const fresh = patched(none, write(none, 'new.py', 'n', null));
    const patch = move(fresh, [
      { from: 'new.py', to: 'lib/new.py', content: 'n', deployed: null, replaced: null },
      { from: 'a.py', to: 'lib/a.py', content: 'a', deployed: 'a', replaced: null },
    ]);
    expect([...patched(fresh, patch)]).toEqual([
      ['a.py', { content: null, base: 'a' }],
      ['lib/new.py', { content: 'n', base: null }],
      ['lib/a.py', { content: 'a', base: null }],
    ]);
  });

  it('move there and back is nothing', () => {
    const there = patched(none, move(none, [{ from: 'a.py', to: 'b.py', content: 'a', deployed: 'a', replaced: null }]));
    const back = patched(there, move(there, [{ from: 'b.py', to: 'a.py', content: 'a', deployed: null, replaced: 'a' }]));
    expect(back.size).toBe(0);
  });

  it('swap their places', () => {
    const swap = move(none, [
      { from: 'a.py', to: 'b.py', content: 'a', deployed: 'a', replaced: 'b' },
      { from: 'b.py', to: 'a.py', content: 'b', deployed: 'b', replaced: 'a' },
    ]);
    expect([...patched(none, swap)]).toEqual([
      ['a.py', { content: 'b', base: 'a' }],
      ['b.py', { content: 'a', base: 'b' }],
    ]);
  });

  it('are gone once deployed, but for what was typed meanwhile', () => {
    const sent: Edits = new Map([
      ['a.py', { content: '1', base: '0' }],
      ['b.py', { content: '1', base: null }],
      ['c.py', { content: null, base: '0' }],
    ]);
    const now = patched(sent, write(sent, 'b.py', '2', null));
    expect([...patched(now, deployed(now, sent))]).toEqual([['b.py', { content: '2', base: '1' }]]);
    expect(patched(now, undone(now)).size).toBe(0);
  });
});

describe('a version that was deployed meanwhile', () => {
  const edit = (base: Content | null, content: Content | null): Edit => ({ base, content });
  const edits: Edits = new Map([
    ['untouched.py', edit('0', 'mine')],
    ['both.py', edit('0', 'mine')],
    ['equal.py', edit('0', 'theirs')],
    ['new.py', edit(null, 'mine')],
    ['new-here-and-there.py', edit(null, 'mine')],
    ['deleted-there.py', edit('0', 'mine')],
    ['deleted-here.py', edit('0', null)],
    ['deleted-by-both.py', edit('0', null)],
  ]);
  const theirs = new Map<string, Content | null>([
    ['untouched.py', '0'],
    ['both.py', 'theirs'],
    ['equal.py', 'theirs'],
    ['new-here-and-there.py', 'theirs'],
    ['deleted-there.py', null],
    ['deleted-here.py', 'theirs'],
  ]);

  it('is in conflict only where both have changed a file, and differently', () => {
    const { done, conflicts } = compare(edits, theirs);
    expect([...done.keys()]).toEqual(['equal.py', 'deleted-by-both.py']);
    expect(conflicts.map(({ path, theirs: now }) => [path, now])).toEqual([
      ['both.py', 'theirs'],
      ['new-here-and-there.py', 'theirs'],
      ['deleted-there.py', null],
      ['deleted-here.py', 'theirs'],
    ]);
  });

  it('is followed file by file, until nothing is in conflict', () => {
    const { done, conflicts } = compare(edits, theirs);
    let after = patched(edits, done);
    const [both, fresh, deletedThere, deletedHere] = conflicts;
    for (const patch of [takeTheirs(both!), keepMine(fresh!), keepMine(deletedThere!), takeTheirs(deletedHere!)]) {
      after = patched(after, patch);
    }
    expect(compare(after, theirs)).toEqual({ done: new Map(), conflicts: [] });
    expect([...after]).toEqual([
      ['untouched.py', edit('0', 'mine')],
      ['new.py', edit(null, 'mine')],
      ['new-here-and-there.py', edit('theirs', 'mine')],
      ['deleted-there.py', edit(null, 'mine')],
    ]);
  });
});

describe('the store', () => {
  /** Two windows of one browser. */
  function browser() {
    const kept: Kept = { version: undefined, edits: new Map() };
    const windows = new Set<Channel>();
    const state = { isFull: false, writes: 0 };
    const keeper: Keeper = {
      read: () => Promise.resolve({ ...kept, edits: new Map(kept.edits) }),
      write: (_, edits, version) => {
        if (state.isFull) return Promise.reject(new Error('no room'));
        state.writes += 1;
        kept.edits = new Map(patched(kept.edits, edits));
        kept.version = version;
        return Promise.resolve();
      },
    };
    const channel = (): Channel => {
      const own: Channel = {
        onmessage: null,
        postMessage: (data) => {
          for (const other of windows) if (other !== own) other.onmessage?.({ data } as MessageEvent<unknown>);
        },
        close: () => windows.delete(own),
      };
      windows.add(own);
      return own;
    };
    return { keeper, channel, kept, state };
  }

  it('writes what was typed once it pauses, and other windows have it', async () => {
    vi.useFakeTimers();
    const { keeper, channel, kept, state } = browser();
    const one = await Store.open('w', keeper, channel());
    const other = await Store.open('w', keeper, channel());
    for (const text of ['1', '12', '123']) one.apply(write(one.snapshot().edits, 'a.py', text, '0'));
    await vi.runAllTimersAsync();
    expect([state.writes, kept.edits.get('a.py')]).toEqual([1, { content: '123', base: '0' }]);
    expect(other.snapshot().edits.get('a.py')?.content).toBe('123');
    other.apply(write(other.snapshot().edits, 'b.py', 'b', null));
    one.apply(undone(one.snapshot().edits, ['a.py']));
    await vi.runAllTimersAsync();
    for (const store of [one, other]) expect([...store.snapshot().edits.keys()]).toEqual(['b.py']);
    one.fits(7);
    await vi.runAllTimersAsync();
    expect(other.snapshot().version).toBe(7);
    vi.useRealTimers();
  });

  it('loses nothing when the browser has no room, and says so', async () => {
    vi.useFakeTimers();
    const { keeper, channel, kept, state } = browser();
    const store = await Store.open('w', keeper, channel());
    state.isFull = true;
    store.apply(write(store.snapshot().edits, 'a.py', '1', '0'));
    await vi.runAllTimersAsync();
    expect(store.snapshot().problem).toBeInstanceOf(Error);
    state.isFull = false;
    store.apply(write(store.snapshot().edits, 'b.py', '1', '0'));
    await vi.runAllTimersAsync();
    expect(store.snapshot().problem).toBeUndefined();
    expect([...kept.edits.keys()]).toEqual(['a.py', 'b.py']);
    vi.useRealTimers();
  });
});
