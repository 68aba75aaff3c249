/** A menu behind a button. */
import { DropdownMenu as Radix } from 'radix-ui';
import { Check } from 'lucide-react';
import type { ReactNode } from 'react';
import { cn } from '@/lib/cn';

const item =
  'flex min-h-8 cursor-default items-center gap-2 rounded px-2 py-1 text-ui outline-none select-none data-highlighted:bg-hover data-disabled:opacity-50 [&_svg]:size-4 [&_svg]:shrink-0 base:[&_svg]:text-muted';

export function Menu({ trigger, children, label }: { trigger: ReactNode; children: ReactNode; label?: string }) {
  return (
    // Not modal: the page behind a modal one is hidden from screen readers with its buttons still in the order of Tab.
    <Radix.Root modal={false}>
      <Radix.Trigger asChild>{trigger}</Radix.Trigger>
      <Radix.Portal>
        <Radix.Content
          align="end"
          sideOffset={6}
          collisionPadding={8}
          aria-label={label}
          className="z-50 max-h-[70dvh] min-w-48 animate-in overflow-y-auto rounded-lg border bg-raised p-1 shadow-lift"
        >
          {children}
        </Radix.Content>
      </Radix.Portal>
    </Radix.Root>
  );
}

export function MenuItem({
  children,
  onSelect,
  danger = false,
  disabled = false,
}: {
  children: ReactNode;
  onSelect: () => void;
  danger?: boolean;
  disabled?: boolean;
}) {
  return (
    <Radix.Item onSelect={onSelect} disabled={disabled} className={cn(item, danger && 'text-bad [&_svg]:text-bad')}>
      {children}
    </Radix.Item>
  );
}

/** An item that is a link; `children` is one `Link`. */
export const MenuLink = ({ children }: { children: ReactNode }) => (
  <Radix.Item asChild className={item}>
    {children}
  </Radix.Item>
);

export function MenuChoice({
  checked,
  children,
  onSelect,
}: {
  checked: boolean;
  children: ReactNode;
  onSelect: () => void;
}) {
  return (
    <Radix.CheckboxItem checked={checked} onCheckedChange={onSelect} className={item}>
      {children}
      {checked && <Check className="ml-auto" aria-hidden />}
    </Radix.CheckboxItem>
  );
}

export const MenuLabel = ({ children }: { children: ReactNode }) => (
  <Radix.Label className="px-2 pt-1.5 pb-1 text-xs text-faint">{children}</Radix.Label>
);

export const MenuSeparator = () => <Radix.Separator className="mx-1 my-1 h-px bg-line" />;
