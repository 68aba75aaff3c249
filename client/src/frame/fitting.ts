/** What of a list fits to some letters. */

/** Fewest letters that something is looked up for. */
export const LEAST = 2;

/** Those whose words have the letters in them, the ones that begin with them first, and no more than so many. */
export function fitting<T>(items: readonly T[], letters: string, wordsOf: (item: T) => string, most: number): T[] {
  const wanted = letters.trim().toLowerCase();
  if (wanted.length < LEAST) return [];
  const found = items.map((item) => ({ item, at: wordsOf(item).toLowerCase().indexOf(wanted) })).filter(({ at }) => at >= 0);
  found.sort((one, other) => Math.min(one.at, 1) - Math.min(other.at, 1));
  return found.slice(0, most).map(({ item }) => item);
}
