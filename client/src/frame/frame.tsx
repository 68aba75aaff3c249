/** What surrounds every screen: sidebar, top bar, command palette. */
import { Outlet, useMatches } from '@tanstack/react-router';
import { Dialog } from 'radix-ui';
import { lazy, Suspense, useEffect, useState } from 'react';
import { useFocusBack, useMedia } from '@/lib/hooks';
import { later } from '@/lib/later';
import { Sidebar } from './sidebar';
import { TopBar } from './top-bar';

const Palette = lazy(() => import('./palette'));
const Shortcuts = later(() => import('./shortcuts'));

/** Room for the sidebar beside the screen: `lg` of the styles. */
const WIDE = '(min-width: 64rem)';

export function Frame() {
  const [navigating, setNavigating] = useState(false);
  const [searching, setSearching] = useState(false);
  const isWide = useMedia(WIDE);
  const focusBack = useFocusBack(navigating);
  // Of the screen that is shown, and not yet of the one that is being loaded.
  const path = useMatches({ select: (matches) => matches.at(-1)?.pathname });
  useEffect(() => {
    const press = (event: KeyboardEvent) => {
      if (event.key.toLowerCase() !== 'k' || !(event.metaKey || event.ctrlKey) || event.shiftKey) return;
      event.preventDefault();
      setSearching((open) => !open);
    };
    addEventListener('keydown', press);
    return () => removeEventListener('keydown', press);
  }, []);
  return (
    <>
      <a
        href="#main"
        className="fixed top-2 left-2 z-50 -translate-y-20 rounded-md bg-accent px-3 py-2 text-white focus:translate-y-0"
      >
        To the content
      </a>
      <div className="grid min-h-dvh grid-cols-[minmax(0,1fr)] lg:grid-cols-[14.5rem_minmax(0,1fr)]">
        {isWide && (
          <aside className="sticky top-0 h-dvh border-r bg-sunken">
            <Sidebar />
          </aside>
        )}
        <div className="flex min-w-0 flex-col">
          <TopBar onMenu={() => setNavigating(true)} onSearch={() => setSearching(true)} />
          <main id="main" key={path} tabIndex={-1} className="flex min-w-0 flex-1 flex-col focus:outline-none">
            <Outlet />
          </main>
        </div>
      </div>
      <Dialog.Root open={navigating} onOpenChange={setNavigating}>
        <Dialog.Portal>
          <Dialog.Overlay className="fixed inset-0 z-40 bg-[oklch(0.15_0.01_265/0.45)] lg:hidden" />
          <Dialog.Content
            aria-describedby={undefined}
            onCloseAutoFocus={focusBack}
            className="fixed inset-y-0 left-0 z-40 w-64 border-r bg-surface shadow-lift lg:hidden"
          >
            <Dialog.Title className="sr-only">Navigation</Dialog.Title>
            <Sidebar onNavigate={() => setNavigating(false)} />
          </Dialog.Content>
        </Dialog.Portal>
      </Dialog.Root>
      <Shortcuts />
      {searching && (
        <Suspense>
          <Palette onClose={() => setSearching(false)} />
        </Suspense>
      )}
    </>
  );
}
