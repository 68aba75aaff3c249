/** What is not seen at first comes when the page is there. */
import { startTransition, useEffect, useState, type ComponentType, type ReactNode } from 'react';

/** No longer than this, in milliseconds, once the page has been loaded. */
const LONGEST = 2_000;

const loaded = (): Promise<void> =>
  document.readyState === 'complete'
    ? Promise.resolve()
    : new Promise((resolve) => addEventListener('load', () => resolve(), { once: true }));

/** Resolves when the page was loaded and has nothing to do. */
async function quiet(): Promise<void> {
  await loaded();
  await new Promise<void>((resolve) => {
    if ('requestIdleCallback' in globalThis) requestIdleCallback(() => resolve(), { timeout: LONGEST });
    else setTimeout(resolve, LONGEST / 10);
  });
}

/** A component whose code is loaded when the page has nothing else to do; until then, and where it cannot be loaded,
 *  there is `instead`. Unlike `lazy` nothing is thrown and drawn again for it. */
export function later<P extends object>(load: () => Promise<{ default: ComponentType<P> }>) {
  let known: ComponentType<P> | undefined;
  return function Later({ instead = null, ...props }: P & { instead?: ReactNode }) {
    const [Component, setComponent] = useState(() => known);
    useEffect(() => {
      if (known !== undefined) return;
      let isGone = false;
      quiet()
        .then(load)
        .then(({ default: component }) => {
          known = component;
          if (!isGone) startTransition(() => setComponent(() => component));
        }, () => undefined);
      return () => {
        isGone = true;
      };
    }, []);
    return Component === undefined ? instead : <Component {...(props as unknown as P)} />;
  };
}
