/** What values of parameters have to keep to. The server checks the same again. */

export interface Rules {
  pattern?: string | undefined;
  minimum?: number | undefined;
  maximum?: number | undefined;
  /** Characters of a text, entries of a list. */
  least?: number | undefined;
  most?: number | undefined;
  /** What the author says in place of our own words. */
  message?: string | undefined;
}

/** Reads rules as JSON Schema names them, or as a `@param` does. */
export function rulesOf(said: Record<string, unknown>): Rules {
  const first = <T>(is: (value: unknown) => value is T, ...names: string[]): T | undefined => names.map((name) => said[name]).find(is);
  return {
    pattern: first(isText, 'pattern'),
    minimum: first(isNumber, 'minimum', 'min'),
    maximum: first(isNumber, 'maximum', 'max'),
    least: first(isNumber, 'minLength', 'minItems', 'min_length'),
    most: first(isNumber, 'maxLength', 'maxItems', 'max_length'),
    message: first(isText, 'x-message', 'message'),
  };
}

const isText = (value: unknown): value is string => typeof value === 'string' && value.trim() !== '';
const isNumber = (value: unknown): value is number => typeof value === 'number';

/** What is wrong with a value; nothing is never wrong. */
export function problemOf(rules: Rules, value: unknown): string | undefined {
  const words = wordsFor(rules, value);
  return words === undefined ? undefined : (rules.message ?? words);
}

function wordsFor(rules: Rules, value: unknown): string | undefined {
  const { least, most, minimum, maximum } = rules;
  if (typeof value === 'number') return outside(value, minimum, maximum) ? `Enter ${range(minimum, maximum)}.` : undefined;
  if (Array.isArray(value)) return outside(value.length, least, most) ? `Give ${range(least, most)} ${unit('entry', 'entries', most ?? least)}.` : undefined;
  if (typeof value !== 'string') return undefined;
  // As the server counts: a character outside of the first plane is one.
  if (outside([...value].length, least, most)) return `Enter ${range(least, most)} ${unit('character', 'characters', most ?? least)}.`;
  return fits(value, rules.pattern) ? undefined : `Enter a text that fits ${rules.pattern}`;
}

const outside = (size: number, least: number | undefined, most: number | undefined): boolean =>
  (least !== undefined && size < least) || (most !== undefined && size > most);

function range(least: number | undefined, most: number | undefined): string {
  if (least === undefined) return `at most ${most}`;
  return most === undefined ? `at least ${least}` : `${least} to ${most}`;
}

const unit = (one: string, many: string, count: number | undefined): string => (count === 1 ? one : many);

/** The server's patterns know more than the browser's: what the browser cannot read is left to it. */
function fits(text: string, pattern: string | undefined): boolean {
  if (pattern === undefined) return true;
  try {
    return new RegExp(pattern, 'u').test(text);
  } catch {
    return true;
  }
}
