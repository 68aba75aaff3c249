/** Small hooks of several screens. */
import { startTransition, useEffect, useMemo, useRef, useState, useSyncExternalStore } from 'react';
import { useBranding } from './branding';

/** The time, again every so many milliseconds; all users of one interval share a timer. */
export function useNow(interval = 10_000): Date {
  const clock = clockOf(interval);
  return useSyncExternalStore(clock.subscribe, clock.now);
}

interface Clock {
  subscribe: (listener: () => void) => () => void;
  now: () => Date;
}

const clocks = new Map<number, Clock>();

function clockOf(interval: number): Clock {
  const known = clocks.get(interval);
  if (known !== undefined) return known;
  const listeners = new Set<() => void>();
  let now = new Date();
  let timer: ReturnType<typeof setInterval> | undefined;
  const tick = () => {
    now = new Date();
    for (const listener of listeners) listener();
  };
  const clock: Clock = {
    subscribe: (listener) => {
      if (listeners.size === 0) {
        now = new Date();
        timer = setInterval(tick, interval);
      }
      listeners.add(listener);
      return () => {
        listeners.delete(listener);
        if (listeners.size === 0) clearInterval(timer);
      };
    },
    now: () => now,
  };
  clocks.set(interval, clock);
  return clock;
}

/** A value that follows another when it has been calm for a while. */
export function useCalm<T>(value: T, milliseconds = 250): T {
  const [calm, setCalm] = useState(value);
  useEffect(() => {
    const timer = setTimeout(() => setCalm(value), milliseconds);
    return () => clearTimeout(timer);
  }, [value, milliseconds]);
  return calm;
}

/** Does what measures or scrolls when the next frame is drawn, again for each other value: at once it would have the
 *  browser lay out the page in the middle of React's work. */
export function useFrame(act: () => void, value: unknown): void {
  const latest = useRef(act);
  useEffect(() => {
    latest.current = act;
  });
  useEffect(() => {
    const frame = requestAnimationFrame(() => latest.current());
    return () => cancelAnimationFrame(frame);
  }, [value]);
}

/** How many of a long list are drawn: some at first, then twice as many in each step, between which the browser can
 *  paint and answer. */
export function useGradually(all: number, first: number): number {
  const [drawn, setDrawn] = useState(first);
  useEffect(() => {
    if (drawn < all) startTransition(() => setDrawn(drawn * 2));
  }, [drawn, all]);
  return Math.min(drawn, all);
}

/** True while a media query holds. */
export function useMedia(query: string): boolean {
  const [subscribe, holds] = useMemo(() => {
    const list = matchMedia(query);
    const listen = (listener: () => void) => {
      list.addEventListener('change', listener);
      return () => list.removeEventListener('change', listener);
    };
    return [listen, () => list.matches] as const;
  }, [query]);
  return useSyncExternalStore(subscribe, holds);
}

/** Sets the title of the page. */
export function useTitle(title: string): void {
  const { product_name: name } = useBranding();
  useEffect(() => {
    document.title = `${title} – ${name}`;
  }, [title, name]);
}

/** Begins a dialog at its first field, and not at the cross that closes it; where fingers type, the keyboard stays
 *  down. For `onOpenAutoFocus`. */
export function focusFirstField(event: Event): void {
  if (!(event.target instanceof HTMLElement)) return;
  event.preventDefault();
  const field = matchMedia('(pointer: coarse)').matches
    ? null
    : event.target.querySelector<HTMLElement>('input:enabled, select:enabled, textarea:enabled, [role=combobox]:enabled');
  (field ?? event.target).focus();
}

/** Gives the focus back to where it was before a dialog: one that is opened by its state has no
 *  trigger that Radix would go back to. For `onCloseAutoFocus`. */
export function useFocusBack(open: boolean): (event: Event) => void {
  const before = useRef<Element | null>(null);
  const wasOpen = useRef(false);
  // As long as it is drawn for the first time, nothing in it has the focus yet.
  if (open && !wasOpen.current) before.current = document.activeElement;
  wasOpen.current = open;
  return (event) => {
    event.preventDefault();
    if (before.current instanceof HTMLElement) before.current.focus();
  };
}
