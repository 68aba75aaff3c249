/** Markdown as a tree: what texts of forms need, and never HTML. */

/** A part of a line. */
export type Inline =
  | { kind: 'text'; text: string }
  | { kind: 'code'; text: string }
  | { kind: 'strong' | 'emphasis'; children: Inline[] }
  | { kind: 'link'; href: string; children: Inline[] }
  | { kind: 'break' };

/** A part of a text. */
export type Block =
  | { kind: 'heading'; level: number; children: Inline[] }
  | { kind: 'paragraph'; children: Inline[] }
  | { kind: 'list'; ordered: boolean; start: number; items: Block[][] }
  | { kind: 'quote'; children: Block[] }
  | { kind: 'code'; text: string }
  | { kind: 'rule' };

/** Lists and quotes within each other, at most; deeper ones are text. */
const MOST_LEVELS = 6;

const FENCE = /^ {0,3}(```+|~~~+)/;
const HEADING = /^ {0,3}(#{1,6})\s+(.*?)\s*#*$/;
const RULE = /^ {0,3}([-*_])(\s*\1){2,}\s*$/;
const QUOTE = /^ {0,3}> ?/;
const ITEM = /^( {0,3})([-*+]|(\d{1,9})[.)])(?:\s+(.*))?$/;

/** Reads a text. */
export const parseMarkdown = (text: string): Block[] => blocks(text.replace(/\r\n?/g, '\n').split('\n'), 0);

function blocks(lines: string[], level: number): Block[] {
  const found: Block[] = [];
  let at = 0;
  const take = (holds: (line: string) => boolean): string[] => {
    const begun = at;
    while (at < lines.length && holds(lines[at] ?? '')) at += 1;
    return lines.slice(begun, at);
  };
  while (at < lines.length) {
    const line = lines[at] ?? '';
    const heading = HEADING.exec(line);
    const [, fence] = FENCE.exec(line) ?? [];
    const item = ITEM.exec(line);
    if (line.trim() === '') {
      at += 1;
    } else if (fence !== undefined) {
      at += 1;
      const text = take((next) => !next.trim().startsWith(fence));
      at += 1;
      found.push({ kind: 'code', text: text.join('\n') });
    } else if (heading !== null) {
      at += 1;
      found.push({ kind: 'heading', level: heading[1]?.length ?? 1, children: inlines(heading[2] ?? '') });
    } else if (RULE.test(line)) {
      at += 1;
      found.push({ kind: 'rule' });
    } else if (QUOTE.test(line) && level < MOST_LEVELS) {
      const quoted = take((next) => QUOTE.test(next)).map((next) => next.replace(QUOTE, ''));
      found.push({ kind: 'quote', children: blocks(quoted, level + 1) });
    } else if (item !== null && level < MOST_LEVELS) {
      const ordered = item[3] !== undefined;
      const items: Block[][] = [];
      for (;;) {
        const next = ITEM.exec(lines[at] ?? '');
        if (next === null || (next[3] !== undefined) !== ordered || RULE.test(lines[at] ?? '')) break;
        at += 1;
        // What is further in, or goes on without an empty line, belongs to the item.
        const rest = take((more) => /^\s{2,}\S/.test(more) || (more.trim() !== '' && !begins(more)));
        items.push(blocks([next[4] ?? '', ...rest.map(dedent(rest))], level + 1));
        if ((lines[at] ?? '').trim() === '' && ITEM.test(lines[at + 1] ?? '')) at += 1;
      }
      found.push({ kind: 'list', ordered, start: Number(item[3] ?? 1), items });
    } else {
      at += 1;
      const rest = take((next) => next.trim() !== '' && !begins(next));
      found.push({ kind: 'paragraph', children: inlines([line, ...rest].map((one) => one.trimStart()).join('\n')) });
    }
  }
  return found;
}

/** True for a line that ends a paragraph. */
const begins = (line: string): boolean =>
  [FENCE, HEADING, RULE, QUOTE, ITEM].some((pattern) => pattern.test(line));

/** Takes away the room that all lines of an item have in common. */
function dedent(lines: string[]): (line: string) => string {
  const room = Math.min(...lines.map((line) => line.length - line.trimStart().length).filter((size) => size > 0), 8);
  return (line) => line.replace(new RegExp(`^ {0,${room}}`), '');
}

// What is strong or leaning has bounds, so that a hostile text is read in a moment too.
const INLINE =
  /(?<escape>\\[\\`*_{}[\]()#+\-.!>~|])|(?<code>`+)(?<coded>[^`]|[^`][\s\S]*?[^`])\k<code>(?!`)|\[(?<label>(?:[^[\]\\]|\\.)+)\]\((?<href>[^\s()]+)\)|(?<bare>https?:\/\/[^\s<>()]*[^\s<>().,;:!?'"*_])|(?<strong>\*\*|__)(?=\S)(?<bold>[\s\S]{0,1000}?\S)\k<strong>(?![*_])|(?<mark>[*_])(?=\S)(?<leaning>(?:(?!\k<mark>)[\s\S]){0,1000}?(?:(?!\k<mark>)\S))\k<mark>(?![\p{L}\d])|(?<break>(?: {2,}|\\)\n)/gu;

function inlines(text: string, linked = false): Inline[] {
  const found: Inline[] = [];
  let from = 0;
  const say = (plain: string) => {
    const last = found.at(-1);
    if (plain === '') return;
    if (last?.kind === 'text') last.text += plain;
    else found.push({ kind: 'text', text: plain });
  };
  for (const match of text.matchAll(INLINE)) {
    const parts = match.groups ?? {};
    const before = text.charAt(match.index - 1);
    // `snake_case` is a word.
    if ((parts.mark === '_' || parts.strong === '__') && /[\p{L}\d]/u.test(before)) continue;
    say(text.slice(from, match.index));
    from = match.index + match[0].length;
    if (parts.escape !== undefined) say(parts.escape.slice(1));
    else if (parts.coded !== undefined) found.push({ kind: 'code', text: parts.coded.replace(/^ (.*\S.*) $/, '$1') });
    else if (parts.bold !== undefined) found.push({ kind: 'strong', children: inlines(parts.bold, linked) });
    else if (parts.leaning !== undefined) found.push({ kind: 'emphasis', children: inlines(parts.leaning, linked) });
    else if (parts.break !== undefined) found.push({ kind: 'break' });
    else if (parts.bare !== undefined && !linked) {
      found.push({ kind: 'link', href: parts.bare, children: [{ kind: 'text', text: parts.bare }] });
    } else {
      const href = parts.href === undefined ? undefined : safe(parts.href);
      if (parts.label === undefined || href === undefined || linked) say(match[0]);
      else found.push({ kind: 'link', href, children: inlines(parts.label, true) });
    }
  }
  say(text.slice(from));
  return found;
}

/** Addresses that a text may lead to: others, and pages of this platform. */
function safe(href: string): string | undefined {
  if (/^(https?:\/\/|mailto:)/i.test(href)) return href;
  return /^(\/(?![/\\])|#)/.test(href) ? href : undefined;
}
