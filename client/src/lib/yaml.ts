/** JSON as YAML that people like to read. */
import type { Json } from '@/expressions';

/** Texts that need no quotes: they begin with a letter, and no sign in them means something to YAML. */
const PLAIN = /^[A-Za-z_](?!.*(?:: |:$| #| {2}| $))[\x20-\x7e\p{L}\p{N}]*$/u;
const WORDS = /^(true|false|yes|no|on|off|null|y|n|nan|inf)$/i;

/** Writes a value. */
export const toYaml = (value: Json): string => `${block(value, 0).replace(/^\n/, '')}\n`;

function block(value: Json, level: number): string {
  const room = '  '.repeat(level);
  if (Array.isArray(value)) {
    if (value.length === 0) return ' []';
    return value.map((item) => `\n${room}- ${inItem(item, level)}`).join('');
  }
  if (typeof value === 'object' && value !== null) {
    const members = Object.entries(value);
    if (members.length === 0) return ' {}';
    return members.map(([name, member]) => `\n${room}${key(name)}:${block(member, level + 1)}`).join('');
  }
  if (typeof value === 'string' && value.includes('\n')) return lines(value, level);
  return ` ${scalar(value)}`;
}

/** What stands behind a dash: members go on below each other. */
const inItem = (item: Json, level: number): string => block(item, level + 1).trimStart();

const key = (name: string): string => (PLAIN.test(name) && !WORDS.test(name) ? name : quoted(name));

function scalar(value: Json): string {
  if (typeof value !== 'string') return JSON.stringify(value);
  return PLAIN.test(value) && !WORDS.test(value) ? value : quoted(value);
}

/** In quotes, with signs that some readers take for ends of lines written out. */
const quoted = (text: string): string =>
  JSON.stringify(text).replace(/[\x7f-\x9f\u2028\u2029\ufeff]/g, (sign) => `\\u${sign.charCodeAt(0).toString(16).padStart(4, '0')}`);

/** Lines as they are, where YAML reads them as they are. */
function lines(text: string, level: number): string {
  const odd = /^[\s]|[^\n\P{C}]|[\u2028\u2029\u0085\ufeff]|\n{2,}$/u.test(text);
  if (odd) return ` ${quoted(text)}`;
  const room = '  '.repeat(Math.max(1, level));
  const ends = text.endsWith('\n');
  const body = (ends ? text.slice(0, -1) : text).split('\n').map((line) => (line === '' ? '' : room + line));
  return ` |${ends ? '' : '-'}\n${body.join('\n')}`;
}
