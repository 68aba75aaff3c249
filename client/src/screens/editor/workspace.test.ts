import { describe, expect, it } from 'vitest';
import { rows as diffRows } from '@/lib/diff';
import { lineCutter } from './draft-stream';
import { find, patternOf, type Question } from './find';
import { best } from './fuzzy';
import { unified } from './line-diff';
import { problemOf, problemOfMove, renamed } from './paths';
import { replaceAll } from './replace';
import { callAround, importsOf, isInText, offersAt, wordsOf } from './sdk-names';
import { effects, workflowAt, type WorkflowInfo } from './symbols';
import { rowsOf, step } from './tree';

describe('paths', () => {
  it('are refused where the server would, and where a file and a folder would be one', () => {
    const files = ['workflows/a.py', 'README.md'];
    for (const path of ['', '/a', 'a/', 'a//b', '../a', 'a/./b', 'a\\b', 'a\nb', 'ü'.repeat(257)]) {
      expect(problemOf(path, files), path).toBeTypeOf('string');
    }
    expect(problemOf('README.md', files)).toContain('already');
    expect(problemOf('workflows', files)).toContain('folder');
    expect(problemOf('README.md/a', files)).toContain('README.md is a file');
    expect(problemOf('workflows/b.py', files)).toBeUndefined();
    expect(problemOf('workflows.py', files)).toBeUndefined();
  });

  it('move with all that is in them', () => {
    const files = ['a/b.py', 'a/c/d.py', 'ab.py', 'x.py'];
    expect([...renamed(files, 'a', 'z/a')]).toEqual([
      ['a/b.py', 'z/a/b.py'],
      ['a/c/d.py', 'z/a/c/d.py'],
    ]);
    expect(problemOfMove('a', 'a/c/a', files)).toContain('into itself');
    expect(problemOfMove('a', 'a', files)).toBeTypeOf('string');
    expect(problemOfMove('x.py', 'a', files)).toContain('folder');
    // Into a folder of its own name: it is out of the way by then.
    expect(problemOfMove('x.py', 'x.py/x.py', files)).toBeUndefined();
    expect(problemOfMove('a', 'b', files)).toBeUndefined();
  });
});

describe('the tree', () => {
  const files = [
    { path: 'b10.py' },
    { path: 'b9.py' },
    { path: 'a/x/deep.py', change: 'added' as const },
    { path: 'a/y.py' },
  ];

  it('has folders first, then files, and rows only of what is open', () => {
    const closed = rowsOf(files, new Set(), ['empty/inner']);
    expect(closed.map(({ name, level, isOpen, isChanged }) => [name, level, isOpen, isChanged])).toEqual([
      ['a', 1, false, true],
      ['empty', 1, false, false],
      ['b9.py', 1, undefined, false],
      ['b10.py', 1, undefined, false],
    ]);
    const open = rowsOf(files, new Set(['a', 'a/x']));
    expect(open.map(({ path, level, position, siblings }) => [path, level, position, siblings])).toEqual([
      ['a', 1, 1, 3],
      ['a/x', 2, 1, 2],
      ['a/x/deep.py', 3, 1, 1],
      ['a/y.py', 2, 2, 2],
      ['b9.py', 1, 2, 3],
      ['b10.py', 1, 3, 3],
    ]);
  });

  it('is walked by keys', () => {
    const rows = rowsOf(files, new Set(['a']));
    const keys = (at: number, ...pressed: string[]) => pressed.map((key) => step(rows, at, key));
    expect(keys(0, 'ArrowUp', 'ArrowDown', 'ArrowRight', 'ArrowLeft', 'End', 'b')).toEqual([
      undefined,
      { to: 1 },
      { to: 1 },
      { close: 'a' },
      { to: 4 },
      { to: 3 },
    ]);
    expect(keys(1, 'ArrowRight', 'ArrowLeft')).toEqual([{ open: 'a/x' }, { to: 0 }]);
    expect(keys(4, 'ArrowDown', 'ArrowLeft', 'b', 'q')).toEqual([undefined, undefined, { to: 3 }, undefined]);
  });
});

describe('search', () => {
  const ask = (text: string, how: Partial<Question> = {}) => {
    const pattern = patternOf({ text, matchCase: false, wholeWord: false, isRegex: false, ...how });
    if (!(pattern instanceof RegExp)) return pattern.problem;
    const files = [
      ['a.py', 'x = tables.get(1)\r\n    TABLE_S = 2\n'],
      ['b.py', `no\n${' '.repeat(300)}${'long '.repeat(80)}a+b`],
    ] as const;
    return find(files, pattern).hits.map(({ path, line, text: shown, from, to }) => `${path}:${line} ${shown.slice(from, to)}`);
  };

  it('takes text as it is, and regular expressions as such', () => {
    expect(ask('TABLE')).toEqual(['a.py:1 table', 'a.py:2 TABLE']);
    expect(ask('TABLE', { matchCase: true })).toEqual(['a.py:2 TABLE']);
    expect(ask('table', { wholeWord: true })).toEqual([]);
    expect(ask('tables', { wholeWord: true })).toEqual(['a.py:1 tables']);
    expect(ask('a+b')).toEqual(['b.py:2 a+b']);
    expect(ask('get\\(\\d\\)$', { isRegex: true })).toEqual(['a.py:1 get(1)']);
    expect(ask('z*', { isRegex: true })).toEqual([]);
    expect(ask('(', { isRegex: true })).toContain('no regular expression');
    expect(ask('-/')).toEqual([]);
  });

  it('replaces what it finds, in all files or in a line', () => {
    const files = [
      ['a.py', 'fish Fish\r\n$fish\n'],
      ['b.py', 'no\n'],
    ] as const;
    const replace = (text: string, by: string, how: Partial<Question> = {}, line?: number) => {
      const pattern = patternOf({ text, matchCase: false, wholeWord: false, isRegex: false, ...how });
      if (!(pattern instanceof RegExp)) throw new Error(pattern.problem);
      const { files: made, matches } = replaceAll(files, pattern, { text: by, isTemplate: how.isRegex === true, line });
      return [matches, ...made.map(({ path, after }) => `${path} ${after}`)];
    };
    expect(replace('fish', '$1')).toEqual([3, 'a.py $1 $1\r\n$$1\n']);
    expect(replace('fish', 'bird', {}, 2)).toEqual([1, 'a.py fish Fish\r\n$bird\n']);
    expect(replace('fish', '', { matchCase: true })).toEqual([2, 'a.py  Fish\r\n$\n']);
    expect(replace('bird', 'fish')).toEqual([0]);
    const regex = { isRegex: true };
    expect(replace('(f)(?<rest>ish)$', '$<rest>$1$&$$$3$<no>', regex)).toEqual([2, 'a.py fish ishFFish$$3$<no>\r\n$ishffish$$3$<no>\n']);
    expect(replace('x*', 'y', regex)).toEqual([0]);
    expect(replace('^', 'y', regex)).toEqual([0]);
  });

  it('of files finds them by letters of their path', () => {
    const paths = ['workflows/tickets.py', 'modules/ticket_rules.py', 'docs/t/i/x.md', 'README.md'];
    expect(best('tick', paths, 2)).toEqual(['workflows/tickets.py', 'modules/ticket_rules.py']);
    expect(best('mtr', paths, 9)).toEqual(['modules/ticket_rules.py']);
    expect(best('wf tickets', paths, 9)).toEqual(['workflows/tickets.py']);
    expect(best('zzz', paths, 9)).toEqual([]);
    expect(best('', paths, 9)).toHaveLength(4);
  });
});

describe('a diff', () => {
  /** What a diff makes of the old text. */
  const applied = (before: string, diff: string): string => {
    const lines = before === '' ? [] : before.replace(/\n$/, '').split('\n');
    let shift = 0;
    for (const row of diffRows(diff)) {
      if (row.change === 'removed') lines.splice((row.before ?? 0) - 1 + shift--, 1);
      if (row.change === 'added') {
        lines.splice((row.after ?? 0) - 1, 0, row.text);
        shift += 1;
      }
    }
    return lines.join('\n');
  };

  it('is the shortest way from one text to the other', () => {
    expect(unified('a\n', 'a\n')).toBe('');
    expect(unified('', 'a\nb\n')).toBe('@@ -0,0 +1,2 @@\n+a\n+b\n');
    expect(unified('a\nb\n', '')).toBe('@@ -1,2 +0,0 @@\n-a\n-b\n');
    expect(unified('a\nb\nc\n', 'a\nx\nc\n')).toBe('@@ -1,3 +1,3 @@\n a\n-b\n+x\n c\n');
    expect(unified('a\nb', 'a\nb\n')).toBe('@@ -1,2 +1,2 @@\n a\n-b\n\\ No newline at end of file\n+b\n');
    const numbers = Array.from({ length: 40 }, (_, index) => String(index));
    const changed = numbers.with(3, 'three').with(30, 'thirty');
    expect(unified(numbers.join('\n'), changed.join('\n')).match(/^@@.*@@$/gm)).toEqual(['@@ -1,7 +1,7 @@', '@@ -28,7 +28,7 @@']);
  });

  it('makes the new text of the old one, whatever they are', () => {
    let seed = 1;
    const random = (below: number) => (seed = (seed * 48_271) % 2_147_483_647) % below;
    for (let round = 0; round < 300; round += 1) {
      const text = () => Array.from({ length: random(12) }, () => 'abc'[random(3)] ?? '').join('\n');
      const [before, after] = [text(), text()];
      if (before === '' || after === '') continue;
      expect(applied(before, unified(before, after)), `${JSON.stringify(before)} ${JSON.stringify(after)}`).toBe(after);
    }
  });

  it('of texts that share nothing ends in time', () => {
    const text = (word: string) => Array.from({ length: 20_000 }, (_, line) => `${word} ${line}`).join('\n');
    expect(diffRows(unified(text('a'), text('b')))).toHaveLength(40_003);
  });
});

describe('the SDK', () => {
  const names = (text: string) => {
    const at = text.indexOf('|');
    return offersAt(text.replace('|', ''), at)?.entries.map(({ name }) => name) ?? [];
  };

  it('is offered where it is imported, and by what it was imported as', () => {
    expect(names('from bifrost import |')).toContain('tables');
    expect(names('from bifrost import (\n  config,\n  ta|\n)')).toContain('tables');
    expect(names('from bif|')).toEqual(['bifrost']);
    const text = 'from bifrost import tables as t, config\nimport bifrost\n';
    expect(names(`${text}await t.|`)).toContain('query');
    expect(names(`${text}await bifrost.config.g|`)).toContain('get');
    expect(names(`${text}await unknown.|`)).toEqual([]);
    expect(names('tables.|')).toEqual([]);
    expect([...importsOf('from bifrost import (  # all\n  config,\n  UserError as U,\n)').keys()]).toEqual(['config', 'U']);
  });

  it('says what a call takes, without what it is given', () => {
    const text = 'from bifrost import tables, workflow\n';
    expect(names(`${text}await tables.query("t", |`)).toContain('where=');
    expect(names(`${text}await tables.query("t", where={"a": (1)}, |`)).not.toContain('where=');
    expect(names(`${text}@workflow(ti|`)).toContain('timeout_seconds=');
    expect(names(`${text}x = "tables.|`)).not.toContain('workflow');
    expect(names(`${text}# w|`)).toEqual([]);
    expect(callAround('f(a, g(b), [')).toBeUndefined();
    expect(callAround('x.f(a, g(b), ')?.name).toBe('x.f');
    expect([isInText('a = "#"'), isInText('a # "b"'), isInText("'it\\'s"), isInText('f("a", ')]).toEqual([false, true, true, false]);
  });

  it('words are those of the files, each once', () => {
    expect([...wordsOf(['customer = customer_id', 'ab customer'])]).toEqual(['customer', 'customer_id']);
    expect(wordsOf(['a1b c2d e3f'], 2).size).toBe(2);
  });
});

describe('workflows', () => {
  it('belong to the lines after their definition', () => {
    const workflow = (path: string, line: number) => ({ id: `${path}::${line}`, path, line }) as WorkflowInfo;
    const all = [workflow('a.py', 20), workflow('b.py', 1), workflow('a.py', 5)];
    expect([1, 5, 19, 20, 99].map((line) => workflowAt(all, 'a.py', line)?.line)).toEqual([5, 5, 5, 20, 20]);
    expect(workflowAt(all, 'c.py', 1)).toBeUndefined();
  });

  it('that only moved are told as renamed', () => {
    const found = effects(['b.py::one', 'c.py::new', 'd.py::x', 'd.py::y'], ['e.py::e'], ['a.py::one', 'c.py::old', 'd.py::z']);
    expect(found).toEqual({
      added: ['d.py::x', 'd.py::y'],
      updated: ['e.py::e'],
      removed: ['d.py::z'],
      renamed: [
        { from: 'a.py::one', to: 'b.py::one' },
        { from: 'c.py::old', to: 'c.py::new' },
      ],
    });
  });

  it('say line by line what happens, however it arrives', () => {
    const cut = lineCutter();
    expect(['{"a"', ':1}\n{"b":2}\n{', '"c":3}\n\n'].map(cut)).toEqual([[], ['{"a":1}', '{"b":2}'], ['{"c":3}']]);
  });
});
