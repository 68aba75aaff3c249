/** Search across files: every line that fits, with where in it. */

export interface Question {
  text: string;
  matchCase: boolean;
  wholeWord: boolean;
  isRegex: boolean;
}

/** A line that fits. */
export interface Hit {
  path: string;
  /** From 1 on. */
  line: number;
  /** The line, or the part of a long one around the match. */
  text: string;
  /** Where the match is in `text`. */
  from: number;
  to: number;
}

export interface Found {
  hits: Hit[];
  /** How many files have some. */
  files: number;
  /** True when there are more than are listed. */
  isMore: boolean;
}

/** Most lines that are listed. */
export const MOST = 2_000;

/** Longest part of a line that is shown, in characters, and how much of it stands before the match. */
const LONGEST = 240;
const BEFORE = 60;

/** The pattern of a question, or what is wrong with it. */
export function patternOf({ text, matchCase, wholeWord, isRegex }: Question): RegExp | { problem: string } {
  const plain = isRegex ? text : text.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&');
  const whole = wholeWord ? `(?<![\\p{L}\\p{N}_])(?:${plain})(?![\\p{L}\\p{N}_])` : plain;
  try {
    return new RegExp(whole, matchCase ? 'gu' : 'giu');
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    return { problem: message.replace(/^Invalid regular expression: /, 'This is no regular expression: ') };
  }
}

/** Searches files, in their order; a line is listed once. */
export function find(files: Iterable<readonly [path: string, text: string]>, pattern: RegExp): Found {
  const hits: Hit[] = [];
  let count = 0;
  for (const [path, text] of files) {
    const before = hits.length;
    let line = 1;
    let begin = 0;
    while (begin <= text.length) {
      const newline = text.indexOf('\n', begin);
      const end = newline < 0 ? text.length : newline;
      const content = text.slice(begin, text[end - 1] === '\r' ? end - 1 : end);
      pattern.lastIndex = 0;
      const match = pattern.exec(content);
      if (match !== null && match[0] !== '') {
        if (hits.length >= MOST) return { hits, files: count + (hits.length > before ? 1 : 0), isMore: true };
        hits.push(shown(path, line, content, match.index, match[0].length));
      }
      begin = end + 1;
      line += 1;
    }
    if (hits.length > before) count += 1;
  }
  return { hits, files: count, isMore: false };
}

function shown(path: string, line: number, content: string, at: number, length: number): Hit {
  const indented = content.length - content.trimStart().length;
  const start = at - indented > BEFORE && content.length - indented > LONGEST ? at - BEFORE : Math.min(indented, at);
  const text = content.slice(start, start + LONGEST);
  return { path, line, text, from: at - start, to: Math.min(at - start + length, text.length) };
}
