/** What keys mean while nobody is typing. */
import type { Place } from './navigation';

/** After `g`: where the letter leads. */
export const GOALS = {
  h: '/',
  w: '/workflows',
  f: '/forms',
  r: '/runs',
  s: '/schedules',
  c: '/code',
  i: '/integrations',
  b: '/webhooks',
  e: '/endpoints',
  k: '/config',
  t: '/tables',
  l: '/files',
  p: '/people',
  n: '/notifications',
  a: '/audit',
  o: '/organizations',
} as const satisfies Record<string, Place['to']>;

/** The letter has to follow `g` within this time, in milliseconds. */
export const WITHIN = 1_500;

type Meaning = { do: 'help' | 'search' | 'down' | 'up' | 'begin' } | { go: Place['to'] };

const SINGLE = new Map<string, Meaning>([
  ['?', { do: 'help' }],
  ['/', { do: 'search' }],
  ['j', { do: 'down' }],
  ['k', { do: 'up' }],
  ['g', { do: 'begin' }],
]);

/** What a key means, alone or after `g`. */
export function meaningOf(key: string, begun: boolean): Meaning | undefined {
  if (!begun) return SINGLE.get(key);
  const to = Object.entries(GOALS).find(([letter]) => letter === key)?.[1];
  return to === undefined ? undefined : { go: to };
}

/** The row that comes next of so many; from none, the first or the last. */
export function nextRow(rows: number, at: number, by: 1 | -1): number {
  if (at < 0) return by === 1 ? 0 : rows - 1;
  return Math.min(Math.max(at + by, 0), rows - 1);
}

/** Inputs that no letter is typed into. */
const PRESSED = ['checkbox', 'radio', 'button', 'submit', 'reset', 'file', 'range', 'color'];
const TYPED_ROLES = ['textbox', 'searchbox', 'combobox', 'spinbutton'];

/** Whether letters go into an element. */
export function takesText(element: Pick<HTMLElement, 'tagName' | 'isContentEditable' | 'getAttribute'>): boolean {
  if (element.isContentEditable || TYPED_ROLES.includes(element.getAttribute('role') ?? '')) return true;
  if (element.tagName === 'INPUT') return !PRESSED.includes(element.getAttribute('type') ?? 'text');
  return element.tagName === 'TEXTAREA' || element.tagName === 'SELECT';
}

const KEY = 'bifrost.shortcuts';

/** Whether keys without Ctrl mean anything; kept in this browser. */
export const areShortcutsOn = (): boolean => localStorage.getItem(KEY) !== 'off';

export function setShortcuts(on: boolean): void {
  if (on) localStorage.removeItem(KEY);
  else localStorage.setItem(KEY, 'off');
}
