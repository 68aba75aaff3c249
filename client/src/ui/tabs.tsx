/** Tabs whose choice stands in the URL of the screen. */
import { Tabs as Radix } from 'radix-ui';
import { useRef, type ReactNode } from 'react';
import { cn } from '@/lib/cn';
import { useFrame } from '@/lib/hooks';

interface Tab<T extends string> {
  id: T;
  label: ReactNode;
  content: ReactNode;
}

interface Props<T extends string> {
  label: string;
  tabs: Tab<T>[];
  chosen: T;
  onChoose: (id: T) => void;
  /** At the right of the tabs. */
  actions?: ReactNode;
  className?: string;
}

export function Tabs<T extends string>({ label, tabs, chosen, onChoose, actions, className }: Props<T>) {
  const list = useRef<HTMLDivElement>(null);
  // On a phone the chosen one may be out of sight.
  useFrame(() => {
    const tab = list.current?.querySelector<HTMLElement>('[data-state=active]');
    if (list.current === null || tab == null) return;
    const { offsetLeft: left, offsetWidth: width } = tab;
    const { scrollLeft: from, clientWidth: room } = list.current;
    if (left < from || left + width > from + room) list.current.scrollLeft = left - (room - width) / 2;
  }, chosen);
  return (
    <Radix.Root value={chosen} onValueChange={(id) => onChoose(id as T)} className={cn('min-w-0', className)}>
      <div className="mb-4 flex items-end gap-3 border-b">
        <Radix.List ref={list} aria-label={label} className="relative -mb-px flex min-w-0 gap-4 overflow-x-auto px-0.5 pt-1">
          {tabs.map((tab) => (
            <Radix.Trigger
              key={tab.id}
              value={tab.id}
              className="flex h-9 items-center gap-1.5 border-b-2 border-transparent text-ui font-medium whitespace-nowrap text-muted hover:text-ink focus-visible:-outline-offset-2 data-[state=active]:border-accent-text data-[state=active]:text-ink"
            >
              {tab.label}
            </Radix.Trigger>
          ))}
        </Radix.List>
        {actions !== undefined && <div className="ml-auto pb-1">{actions}</div>}
      </div>
      {tabs.map((tab) => (
        <Radix.Content key={tab.id} value={tab.id} className="min-w-0 focus-visible:outline-offset-4">
          {tab.content}
        </Radix.Content>
      ))}
    </Radix.Root>
  );
}
