/** The corner in which messages stand; loaded after the page. */
import { Toast as Radix } from 'radix-ui';
import { CircleCheck, CircleX, X } from 'lucide-react';
import { useSyncExternalStore, type ReactNode } from 'react';
import { current, dismiss, subscribe } from './toast';

/** How long a message stays, in milliseconds; errors stay longer. */
const STAYS = 4_000;
const ERROR_STAYS = 12_000;

export default function Toasts(): ReactNode {
  const shown = useSyncExternalStore(subscribe, current);
  return (
    <Radix.Provider label="Message" swipeDirection="right">
      {shown.map(({ id, good, title, text }) => (
        <Radix.Root
          key={id}
          type={good ? 'background' : 'foreground'}
          duration={good ? STAYS : ERROR_STAYS}
          onOpenChange={(open) => !open && dismiss(id)}
          className="flex animate-slide items-start gap-2.5 rounded-lg border bg-raised p-3 shadow-lift"
        >
          {good ? (
            <CircleCheck className="mt-0.5 size-4 shrink-0 text-good" aria-hidden />
          ) : (
            <CircleX className="mt-0.5 size-4 shrink-0 text-bad" aria-hidden />
          )}
          <div className="min-w-0 flex-1">
            <Radix.Title className="text-ui font-medium break-words">{title}</Radix.Title>
            {text !== undefined && <Radix.Description className="text-ui text-muted">{text}</Radix.Description>}
          </div>
          <Radix.Close aria-label="Dismiss" className="rounded p-0.5 text-muted hover:text-ink">
            <X className="size-4" aria-hidden />
          </Radix.Close>
        </Radix.Root>
      ))}
      <Radix.Viewport className="fixed right-0 bottom-0 z-50 grid w-full max-w-sm gap-2 p-4 outline-none" />
    </Radix.Provider>
  );
}
