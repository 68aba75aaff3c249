/** Replacing across files, line by line as the search finds. */

/** What comes in place of what fits. */
export interface Replacement {
  text: string;
  /** True when `$1`, `$<name>`, `$&` and `$$` in it stand for something: of a regular expression. */
  isTemplate: boolean;
  /** Only in this line, from 1 on. */
  line?: number | undefined;
}

/** A file that becomes another one. */
export interface Rewritten {
  path: string;
  before: string;
  after: string;
}

export interface Replaced {
  files: Rewritten[];
  /** How many matches were replaced. */
  matches: number;
}

/** Replaces in all files; those without a match are left out. */
export function replaceAll(files: Iterable<readonly [path: string, text: string]>, pattern: RegExp, by: Replacement): Replaced {
  const replaced: Replaced = { files: [], matches: 0 };
  for (const [path, before] of files) {
    let matches = 0;
    const lines = before.split('\n').map((line, at) => {
      if (by.line !== undefined && by.line !== at + 1) return line;
      const end = line.endsWith('\r') ? '\r' : '';
      const [text, count] = inLine(line.slice(0, line.length - end.length), pattern, by);
      matches += count;
      return text + end;
    });
    if (matches > 0) replaced.files.push({ path, before, after: lines.join('\n') });
    replaced.matches += matches;
  }
  return replaced;
}

function inLine(line: string, pattern: RegExp, { text, isTemplate }: Replacement): [text: string, count: number] {
  let made = '';
  let from = 0;
  let count = 0;
  for (const match of line.matchAll(pattern)) {
    // The search lists no match without a letter.
    if (match[0] === '') continue;
    made += line.slice(from, match.index) + (isTemplate ? filled(text, match) : text);
    from = match.index + match[0].length;
    count += 1;
  }
  return [made + line.slice(from), count];
}

/** A template with the groups of a match in it; what names no group stays as it is. */
const filled = (template: string, match: RegExpExecArray): string =>
  template.replace(/\$(?:([$&])|([1-9])|<([^>]*)>)/g, (whole, sign?: string, number?: string, name?: string) => {
    if (sign !== undefined) return sign === '$' ? '$' : match[0];
    if (number !== undefined) return Number(number) < match.length ? (match[Number(number)] ?? '') : whole;
    return name !== undefined && match.groups !== undefined && name in match.groups ? (match.groups[name] ?? '') : whole;
  });
