/** What of the SDK can stand at a place in Python: found in the text before it, without an editor. */
import all from './sdk.json';

/** A name of the SDK. */
export interface Entry {
  name: string;
  kind: 'function' | 'class' | 'variable' | 'property' | 'module';
  is_async?: boolean;
  signature?: string;
  doc?: string;
  /** Names of its parameters. */
  parameters?: string[];
  members?: Entry[];
}

/** A name that can stand here, and how much of it is written. */
export interface Offer {
  /** Where what is written of it begins. */
  from: number;
  entries: Entry[];
}

const NAMES = all as Entry[];
const byName = new Map(NAMES.map((entry) => [entry.name, entry]));

/** Text that is looked at before the place, in characters. */
const NEAR = 4_000;

/** The names that a text imports from `bifrost`, by what they are called here; `bifrost` itself
 *  where it is imported as a whole. */
export function importsOf(text: string): Map<string, Entry> {
  const found = new Map<string, Entry>();
  for (const [, parenthesized, plain] of text.matchAll(/^\s*from\s+bifrost\s+import\s+(?:\(([^)]*)\)|([^\n(]+))/gm)) {
    const list = (parenthesized ?? plain ?? '').replace(/#.*$/gm, '');
    for (const part of list.split(',')) {
      const [, name = '', alias] = /^\s*(\w+)(?:\s+as\s+(\w+))?\s*$/.exec(part) ?? [];
      const entry = byName.get(name);
      if (entry !== undefined) found.set(alias ?? name, entry);
    }
  }
  const whole = /^\s*import\s+bifrost(?:\s+as\s+(\w+))?\s*$/m.exec(text);
  if (whole !== null) found.set(whole[1] ?? 'bifrost', { name: 'bifrost', kind: 'module', members: NAMES });
  return found;
}

/** The entry that a dotted name stands for. */
export function resolve(imports: ReadonlyMap<string, Entry>, dotted: string): Entry | undefined {
  const [first = '', ...rest] = dotted.split('.');
  let entry = imports.get(first);
  for (const part of rest) entry = entry?.members?.find((member) => member.name === part);
  return entry;
}

/** What can stand at a place of a Python file. */
export function offersAt(text: string, at: number): Offer | undefined {
  const near = text.slice(Math.max(0, at - NEAR), at);
  const line = near.slice(near.lastIndexOf('\n') + 1);
  const written = /\w*$/.exec(near)?.[0] ?? '';
  const from = at - written.length;
  if (/^\s*(?:from|import)\s+\w*$/.test(line)) {
    return { from, entries: [{ name: 'bifrost', kind: 'module', doc: 'Bifrost’s SDK.' }] };
  }
  if (/(?:^|\n)\s*from\s+bifrost\s+import\s+(?:\([^)]*|[^\n(]*)$/.test(near)) return { from, entries: NAMES };
  const imports = importsOf(text);
  const dotted = /([A-Za-z_][\w.]*)\.\w*$/.exec(near)?.[1];
  if (dotted !== undefined) {
    const members = resolve(imports, dotted)?.members;
    return members === undefined ? undefined : { from, entries: members };
  }
  if (isInText(line)) return undefined;
  const named = [...imports].map(([name, entry]) => ({ ...entry, name }));
  const call = callAround(near);
  const called = call === undefined ? undefined : resolve(imports, call.name);
  const given = new Set([...(call?.inside ?? '').matchAll(/(\w+)\s*=(?!=)/g)].map(([, name]) => name));
  const parameters = /(?:[(,]|^)\s*\w*$/.test(near)
    ? (called?.parameters ?? []).filter((name) => !given.has(name)).map((name): Entry => ({ name: `${name}=`, kind: 'property' }))
    : [];
  const entries = [...parameters, ...named];
  return entries.length === 0 ? undefined : { from, entries };
}

/** The call whose parentheses a place is in, if it is written plainly. */
export function callAround(before: string): { name: string; inside: string } | undefined {
  let depth = 0;
  for (let at = before.length - 1; at >= 0; at -= 1) {
    const character = before[at] ?? '';
    if (')]}'.includes(character)) depth += 1;
    else if ('([{'.includes(character)) {
      if (depth > 0) depth -= 1;
      else if (character !== '(') return undefined;
      else {
        const name = /([A-Za-z_][\w.]*)\s*$/.exec(before.slice(0, at))?.[1];
        return name === undefined ? undefined : { name, inside: before.slice(at + 1) };
      }
    }
  }
  return undefined;
}

/** True where a line has an open string or a comment. */
export function isInText(line: string): boolean {
  let quote = '';
  for (let at = 0; at < line.length; at += 1) {
    const character = line[at] ?? '';
    if (quote === '' && character === '#') return true;
    if (quote !== '' && character === '\\') at += 1;
    else if (quote === '' && (character === '"' || character === "'")) quote = character;
    else if (character === quote) quote = '';
  }
  return quote !== '';
}

/** The words of texts, most of them once; what is as short as a letter or two is none. */
export function wordsOf(texts: Iterable<string>, most = 3_000): Set<string> {
  const words = new Set<string>();
  for (const text of texts) {
    for (const [word] of text.matchAll(/[A-Za-z_]\w{2,49}/g)) {
      words.add(word);
      if (words.size >= most) return words;
    }
  }
  return words;
}
