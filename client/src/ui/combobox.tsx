/** A choice among many, by typing. */
import { Command } from 'cmdk';
import { Popover } from 'radix-ui';
import { Check, ChevronsUpDown, Search } from 'lucide-react';
import { useState } from 'react';
import { Button } from './button';
import type { Tied } from './field';
import { cn } from '@/lib/cn';
import { count } from '@/lib/format';

export interface Option {
  value: string;
  label: string;
  hint?: string;
}

interface Props extends Partial<Tied> {
  label: string;
  options: Option[];
  value: string;
  onChange: (value: string) => void;
  placeholder?: string;
  disabled?: boolean;
  /** Lets the choice be taken back. */
  clearable?: boolean;
  className?: string;
}

/** More than this nobody reads, and browsers are slow to draw. */
const MOST = 100;

/** Options in which each word is found. */
function found(options: Option[], search: string): Option[] {
  const words = search.toLowerCase().split(/\s+/).filter(Boolean);
  if (words.length === 0) return options;
  return options.filter(({ label, hint = '' }) => {
    const text = `${label}\n${hint}`.toLowerCase();
    return words.every((word) => text.includes(word));
  });
}

export function Combobox({
  label,
  options,
  value,
  onChange,
  placeholder = 'Choose…',
  disabled = false,
  clearable = false,
  className,
  ...tied
}: Props) {
  const [open, setOpen] = useState(false);
  const [search, setSearch] = useState('');
  const shown = open ? found(options, search) : [];
  const chosen = options.find((option) => option.value === value);
  const choose = (now: string) => {
    onChange(now);
    setOpen(false);
    setSearch('');
  };
  return (
    <Popover.Root
      open={open}
      onOpenChange={(now) => {
        setOpen(now);
        setSearch('');
      }}
    >
      <Popover.Trigger asChild>
        <Button
          {...tied}
          role="combobox"
          aria-expanded={open}
          aria-label={tied.id === undefined ? label : undefined}
          disabled={disabled}
          className={cn(
            'min-w-0 justify-between px-2.5 text-sm font-normal hover:border-line-strong hover:bg-surface dark:bg-sunken dark:hover:bg-sunken',
            tied['aria-invalid'] === true ? 'border-bad' : 'border-line-strong/60',
            className,
          )}
        >
          <span className="truncate">{chosen?.label ?? (value === '' ? placeholder : value)}</span>
          <ChevronsUpDown className="text-muted" aria-hidden />
        </Button>
      </Popover.Trigger>
      <Popover.Portal>
        <Popover.Content
          align="start"
          sideOffset={4}
          className="z-50 w-(--radix-popover-trigger-width) min-w-64 animate-in rounded-lg border bg-raised shadow-lift"
        >
          <Command label={label} defaultValue={value} shouldFilter={false}>
            <div className="flex items-center gap-2 border-b px-3">
              <Search className="size-4 shrink-0 text-muted" aria-hidden />
              <Command.Input
                autoFocus
                value={search}
                onValueChange={setSearch}
                placeholder="Search…"
                className="h-9 w-full bg-transparent text-ui outline-none placeholder:text-faint"
              />
            </div>
            <Command.List className="max-h-72 overflow-y-auto p-1">
              <Command.Empty className="px-2 py-4 text-center text-ui text-muted">Nothing fits.</Command.Empty>
              {clearable && value !== '' && search === '' && (
                <Item value="" label="No choice" onSelect={() => choose('')} chosen={false} />
              )}
              {shown.slice(0, MOST).map((option) => (
                <Item
                  key={option.value}
                  value={option.value}
                  label={option.label}
                  hint={option.hint}
                  chosen={option.value === value}
                  onSelect={() => choose(option.value)}
                />
              ))}
              {shown.length > MOST && (
                <p className="px-2 py-2 text-xs text-muted">And {count(shown.length - MOST)} more: type to find them.</p>
              )}
            </Command.List>
          </Command>
        </Popover.Content>
      </Popover.Portal>
    </Popover.Root>
  );
}

interface ItemProps {
  value: string;
  label: string;
  hint?: string | undefined;
  chosen: boolean;
  onSelect: () => void;
}

const Item = ({ value, label, hint, chosen, onSelect }: ItemProps) => (
  <Command.Item
    value={value}
    onSelect={onSelect}
    className="flex min-h-8 items-center gap-2 rounded px-2 text-ui data-[selected=true]:bg-hover"
  >
    <span className="truncate">{label}</span>
    {hint !== undefined && <span className="truncate text-xs text-faint">{hint}</span>}
    {chosen && <Check className="ml-auto size-4 shrink-0" aria-hidden />}
  </Command.Item>
);
