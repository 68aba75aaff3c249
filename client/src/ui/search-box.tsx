/** A search field that writes into the URL once typing pauses. */
import { Search } from 'lucide-react';
import { useEffect, useRef, useState } from 'react';
import { cn } from '@/lib/cn';
import { Input } from './field';

interface Props {
  label: string;
  value: string | undefined;
  onChange: (value: string | undefined) => void;
  placeholder?: string;
  className?: string;
}

/** A pause of typing, in milliseconds. */
const PAUSE = 200;

export function SearchBox({ label, value = '', onChange, placeholder = 'Search…', className }: Props) {
  const [entered, setEntered] = useState(value);
  const latest = useRef({ value, onChange });
  latest.current = { value, onChange };
  useEffect(() => setEntered(value), [value]);
  useEffect(() => {
    if (entered === latest.current.value) return;
    const timer = setTimeout(() => latest.current.onChange(entered === '' ? undefined : entered), PAUSE);
    return () => clearTimeout(timer);
  }, [entered]);
  return (
    <div className={cn('relative base:min-w-0', className)}>
      <Search className="pointer-events-none absolute top-1/2 left-2.5 size-4 -translate-y-1/2 text-muted" aria-hidden />
      <Input
        type="search"
        aria-label={label}
        placeholder={placeholder}
        value={entered}
        onChange={(event) => setEntered(event.target.value)}
        className="pl-8"
      />
    </div>
  );
}
