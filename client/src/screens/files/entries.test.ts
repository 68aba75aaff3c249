import { describe, expect, it } from 'vitest';
import type { StoredFile } from '@/api/types';
import { below, entriesOf, locationNames, locationProblem, safeName, trail } from './entries';

const files = (...paths: string[]): StoredFile[] => paths.map((path) => ({ path, size: 10 }) as StoredFile);

describe('a folder', () => {
  it('shows what is directly in it', () => {
    const { folders, files: here } = entriesOf(files('a.txt', 'b/c.txt', 'b/d/e.txt', 'bb/f.txt'), undefined);
    expect(here.map(({ path }) => path)).toEqual(['a.txt']);
    expect(folders).toEqual([
      { name: 'b', path: 'b', files: 2, bytes: 20 },
      { name: 'bb', path: 'bb', files: 1, bytes: 10 },
    ]);
    const deeper = entriesOf(files('b/c.txt', 'b/d/e.txt'), 'b');
    expect(deeper.files.map(({ path }) => below(path, 'b'))).toEqual(['c.txt']);
    expect(deeper.folders).toEqual([{ name: 'd', path: 'b/d', files: 1, bytes: 10 }]);
  });

  it('knows the way back', () => {
    expect(trail('a/b')).toEqual([
      { name: 'a', path: 'a' },
      { name: 'b', path: 'a/b' },
    ]);
    expect(trail(undefined)).toEqual([]);
  });
});

describe('names', () => {
  it('of locations are those of always, those with files, and the chosen one', () => {
    expect(locationNames([], 'uploads')).toEqual(['uploads', 'temp']);
    expect(locationNames([{ name: 'reports' }, { name: 'temp' }, { name: 'exports' }], 'new')).toEqual(['uploads', 'temp', 'exports', 'new', 'reports']);
  });

  it('of locations are those that the platform takes', () => {
    expect(['reports', '2026', 'a-b', 'uploads'].map(locationProblem)).toEqual([undefined, undefined, undefined, undefined]);
    for (const name of ['', '-a', 'A', 'a_b', 'workspace', 'a/b', 'a'.repeat(65)]) expect(locationProblem(name), name).toBeDefined();
  });

  it('of files lead into no other folder', () => {
    expect(['../../x', 'a\\b', 'a\u0000b', '..', '.', ' ', 'Rechnung Nr. 7.pdf'].map(safeName)).toEqual([
      '..-..-x',
      'a-b',
      'a-b',
      'file',
      'file',
      'file',
      'Rechnung Nr. 7.pdf',
    ]);
  });
});
