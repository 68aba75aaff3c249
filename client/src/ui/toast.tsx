/** Short messages about what was just done, in a corner. */
import { Toast as Radix } from 'radix-ui';
import { CircleCheck, CircleX, X } from 'lucide-react';
import { useSyncExternalStore } from 'react';
import { explain } from '@/api/problem';

interface Message {
  id: number;
  good: boolean;
  title: string;
  text: string | undefined;
}

/** How long a message stays, in milliseconds; errors stay longer. */
const STAYS = 4_000;
const ERROR_STAYS = 12_000;

let messages: Message[] = [];
let next = 1;
const listeners = new Set<() => void>();

function change(now: Message[]): void {
  messages = now;
  for (const listener of listeners) listener();
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/** Says that something is done. */
export const done = (title: string, text?: string): void =>
  change([...messages, { id: next++, good: true, title, text }]);

/** Says that something failed, and what to do. */
export function failed(error: unknown): void {
  const { title, advice } = explain(error);
  change([...messages, { id: next++, good: false, title, text: advice }]);
}

export function Toasts() {
  const shown = useSyncExternalStore(subscribe, () => messages);
  return (
    <Radix.Provider label="Message" swipeDirection="right">
      {shown.map(({ id, good, title, text }) => (
        <Radix.Root
          key={id}
          type={good ? 'background' : 'foreground'}
          duration={good ? STAYS : ERROR_STAYS}
          onOpenChange={(open) => !open && change(messages.filter((message) => message.id !== id))}
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
