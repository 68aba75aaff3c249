/** Dialogs in the middle, and sheets at the side. Escape and a click beside close them. */
import { Dialog as Radix } from 'radix-ui';
import { X } from 'lucide-react';
import type { ReactNode } from 'react';
import { cn } from '@/lib/cn';
import { focusFirstField, useFocusBack } from '@/lib/hooks';
import { Button } from './button';

interface Props {
  open: boolean;
  onClose: () => void;
  title: string;
  description?: ReactNode;
  children: ReactNode;
  /** At the side, as high as the window. */
  side?: boolean;
  wide?: boolean;
}

export function Dialog({ open, onClose, title, description, children, side = false, wide = false }: Props) {
  const focusBack = useFocusBack(open);
  const place = side
    ? 'inset-y-0 right-0 h-dvh max-w-xl animate-slide border-l sm:rounded-l-xl'
    : 'top-1/2 left-1/2 max-h-[90dvh] -translate-x-1/2 -translate-y-1/2 rounded-xl border';
  return (
    <Radix.Root open={open} onOpenChange={(now) => !now && onClose()}>
      <Radix.Portal>
        <Radix.Overlay className="fixed inset-0 z-40 bg-[oklch(0.15_0.01_265/0.45)] backdrop-blur-[2px]" />
        <Radix.Content
          onOpenAutoFocus={focusFirstField}
          onCloseAutoFocus={focusBack}
          {...(description === undefined ? { 'aria-describedby': undefined } : {})}
          className={cn(
            'fixed z-40 flex flex-col bg-surface shadow-lift focus:outline-none',
            place,
            side ? 'w-full' : 'w-[calc(100%-1.5rem)]',
            !side && (wide ? 'max-w-3xl' : 'max-w-lg'),
          )}
        >
          <header className="flex items-start gap-3 border-b px-5 py-3.5">
            <div className="grid gap-0.5">
              <Radix.Title className="text-sm font-semibold">{title}</Radix.Title>
              {description !== undefined && (
                <Radix.Description className="text-ui text-muted">{description}</Radix.Description>
              )}
            </div>
            <Radix.Close asChild>
              <Button look="quiet" size="icon" aria-label="Close" className="-mt-1 -mr-2 ml-auto">
                <X aria-hidden />
              </Button>
            </Radix.Close>
          </header>
          <div className="min-h-0 flex-1 overflow-y-auto p-5 has-[>[data-actions]:last-child]:pb-0 has-[>form:last-child>[data-actions]:last-child]:pb-0">
            {children}
          </div>
        </Radix.Content>
      </Radix.Portal>
    </Radix.Root>
  );
}

/** The buttons at the end of a dialog's form, in sight wherever it is scrolled to. */
export const DialogActions = ({ children }: { children: ReactNode }) => (
  <div data-actions className="sticky bottom-0 z-10 -mx-5 mt-5 flex flex-wrap justify-end gap-2 border-t bg-surface px-5 py-3">
    {children}
  </div>
);
