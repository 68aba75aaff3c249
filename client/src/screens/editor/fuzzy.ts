/** Files by a few letters of their path. */
import { nameOf } from './paths';

/** How well letters fit a path: smaller is better; nothing when they do not occur in their order. */
export function score(letters: string, path: string): number | undefined {
  const wanted = letters.toLowerCase().replaceAll(' ', '');
  const text = path.toLowerCase();
  if (wanted === '') return path.length;
  const name = nameOf(text);
  const inName = name.indexOf(wanted);
  if (inName >= 0) return inName + name.length / 100;
  const inPath = text.indexOf(wanted);
  if (inPath >= 0) return 100 + text.length / 100;
  let at = -1;
  let gaps = 0;
  for (const letter of wanted) {
    const next = text.indexOf(letter, at + 1);
    if (next < 0) return undefined;
    if (next !== at + 1) gaps += /[/_.-]/.test(text[next - 1] ?? '/') ? 1 : 4;
    at = next;
  }
  return 200 + gaps + text.length / 100;
}

/** The paths that fit best. */
export function best(letters: string, paths: Iterable<string>, most: number): string[] {
  const scored: [number, string][] = [];
  for (const path of paths) {
    const value = score(letters, path);
    if (value !== undefined) scored.push([value, path]);
  }
  scored.sort(([a, one], [b, other]) => a - b || one.localeCompare(other));
  return scored.slice(0, most).map(([, path]) => path);
}
