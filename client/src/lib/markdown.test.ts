import { describe, expect, it } from 'vitest';
import { parseMarkdown, type Inline } from './markdown';

const text = (text: string): Inline => ({ kind: 'text', text });
const line = (source: string): Inline[] => {
  const [block] = parseMarkdown(source);
  if (block?.kind !== 'paragraph') throw new Error(`no paragraph: ${source}`);
  return block.children;
};

describe('markdown', () => {
  it('has headings, paragraphs, lists, quotes, code and rules', () => {
    const found = parseMarkdown('# One #\ntwo\nthree\n\n- a\n- b\n  more\n  1. c\n\n> q\n\n---\n```py\n# code\n```\n3. x\n4) y');
    expect(found.map(({ kind }) => kind)).toEqual(['heading', 'paragraph', 'list', 'quote', 'rule', 'code', 'list']);
    expect(found[1]).toEqual({ kind: 'paragraph', children: [text('two\nthree')] });
    expect(found[2]).toMatchObject({ ordered: false, items: [[{ kind: 'paragraph' }], [{ kind: 'paragraph' }, { kind: 'list', ordered: true }]] });
    expect(found[5]).toEqual({ kind: 'code', text: '# code' });
    expect(found[6]).toMatchObject({ ordered: true, start: 3, items: [[{}], [{}]] });
  });

  it('has strong and leaning words, code, links and breaks', () => {
    expect(line('a **b *c*** `d*` _e_')).toEqual([
      text('a '),
      { kind: 'strong', children: [text('b '), { kind: 'emphasis', children: [text('c')] }] },
      text(' '),
      { kind: 'code', text: 'd*' },
      text(' '),
      { kind: 'emphasis', children: [text('e')] },
    ]);
    expect(line('see [the **page**](https://a.example/x?y=1), https://b.example/z.')).toEqual([
      text('see '),
      { kind: 'link', href: 'https://a.example/x?y=1', children: [text('the '), { kind: 'strong', children: [text('page')] }] },
      text(', '),
      { kind: 'link', href: 'https://b.example/z', children: [text('https://b.example/z')] },
      text('.'),
    ]);
    expect(line('a  \nb')).toEqual([text('a'), { kind: 'break' }, text('b')]);
  });

  it('leaves words and signs alone that mean nothing', () => {
    for (const source of ['snake_case_name', '2 * 3 * 4', 'a*', '**', '[a] (b)', '# ', '#tag', 'a < b > c']) {
      const [block] = parseMarkdown(source);
      if (block?.kind !== 'paragraph') continue;
      expect(block.children, source).toEqual([text(source)]);
    }
    expect(line('\\*a\\*')).toEqual([text('*a*')]);
  });

  it('is never HTML, and leads nowhere that runs', () => {
    expect(line('<img src=x onerror=alert(1)>')).toEqual([text('<img src=x onerror=alert(1)>')]);
    for (const href of ['javascript:alert(1)', 'JavaScript:alert(1)', 'data:text/html,x', '//evil.example', '/\\evil.example', 'vbscript:x']) {
      expect(line(`[a](${href})`), href).not.toContainEqual(expect.objectContaining({ kind: 'link' }));
    }
    expect(line('[a](/forms)')).toEqual([{ kind: 'link', href: '/forms', children: [text('a')] }]);
  });

  it('ends what is strong or leaning somewhere, so that a hostile text is read in a moment', () => {
    const long = 'a '.repeat(600).trim();
    for (const source of [`**${long}**`, `*${long}*`]) expect(line(source)).toEqual([text(source)]);
    expect(line(`**${'a'.repeat(1_000)}**`)).toMatchObject([{ kind: 'strong' }]);
    for (const part of ['*', '_', '`', '[', '**a ', '> ', '- ', '[a](', '\\', '~~~\n', '1. ', '*a_']) {
      expect(parseMarkdown(part.repeat(65_536 / part.length)).length).toBeGreaterThan(0);
    }
  }, 20_000);
});
