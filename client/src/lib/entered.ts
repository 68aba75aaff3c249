/** Any JSON value in one line of a form: JSON where it is some, else text as it stands. */

/** The value of what was entered: `7`, `true`, `[1]` and `"7"` are JSON, `open` is a text. */
export function valueOf(entered: string): unknown {
  try {
    return JSON.parse(entered) as unknown;
  } catch {
    return entered;
  }
}

/** What has to be entered for a value; a text that would be read as JSON gets quotes. */
export function enteredOf(value: unknown): string {
  if (typeof value !== 'string') return value === undefined ? '' : JSON.stringify(value);
  return valueOf(value) === value && value !== '' && value.trim() === value ? value : JSON.stringify(value);
}

/** An object from a text of JSON, or what is wrong with it. */
export function objectOf(text: string): { value: Record<string, unknown> } | { problem: string } {
  try {
    const value = JSON.parse(text) as unknown;
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return { value: value as Record<string, unknown> };
    return { problem: 'Enter a JSON object: { … }.' };
  } catch (error) {
    return { problem: `This is not JSON: ${error instanceof Error ? error.message : String(error)}` };
  }
}
