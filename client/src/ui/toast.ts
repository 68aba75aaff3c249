/** Short messages about what was just done, in a corner. */
import { explain } from '@/api/problem';

export interface Message {
  id: number;
  good: boolean;
  title: string;
  text: string | undefined;
}

let messages: Message[] = [];
let next = 1;
const listeners = new Set<() => void>();

function change(now: Message[]): void {
  messages = now;
  for (const listener of listeners) listener();
}

/** Tells whenever messages have changed. */
export function subscribe(listener: () => void): () => void {
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

/** What is shown now, the oldest first. */
export const current = (): Message[] => messages;

/** Takes a message away. */
export const dismiss = (id: number): void => change(messages.filter((message) => message.id !== id));
