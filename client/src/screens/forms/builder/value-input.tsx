/** Any value of JSON, typed: a text, or JSON where it is written as such. */
import { useState } from 'react';
import type { Json } from '@/expressions';
import { Input } from '@/ui/field';

interface Props {
  label: string;
  value: Json;
  onChange: (value: Json | undefined) => void;
}

/** Numbers, true, false, null, lists and objects are written as in JSON; all else is a text. */
export function readValue(text: string): Json | undefined {
  const trimmed = text.trim();
  if (trimmed === '') return undefined;
  if (!/^(-?\d|true$|false$|null$|[[{"])/.test(trimmed)) return text;
  try {
    return JSON.parse(trimmed) as Json;
  } catch {
    return text;
  }
}

/** The text that leads back to a value. */
export function writeValue(value: Json): string {
  if (typeof value !== 'string') return JSON.stringify(value);
  return value === '' || readValue(value) === value ? value : JSON.stringify(value);
}

export function ValueInput({ label, value, onChange }: Props) {
  const [text, setText] = useState(() => writeValue(value));
  return (
    <Input
      aria-label={label}
      value={text}
      placeholder="A text, or JSON"
      onChange={(event) => {
        setText(event.target.value);
        onChange(readValue(event.target.value));
      }}
    />
  );
}
