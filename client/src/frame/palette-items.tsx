/** The rows of the command palette. */
import { Command } from 'cmdk';
import type { ReactNode } from 'react';

export const Group = ({ heading, children }: { heading: string; children: ReactNode }) => (
  <Command.Group
    heading={heading}
    className="**:[[cmdk-group-heading]]:px-2.5 **:[[cmdk-group-heading]]:pt-2.5 **:[[cmdk-group-heading]]:pb-1 **:[[cmdk-group-heading]]:text-xs **:[[cmdk-group-heading]]:text-faint"
  >
    {children}
  </Command.Group>
);

/** How well a row fits to the letters, 0 where it does not: each word is in what it is called or known by (its
 *  keywords), and names that begin with them come first. For `filter` of the command menu. */
export function fit(_: string, letters: string, [name = '', ...others]: string[] = []): number {
  const title = name.toLowerCase();
  const text = [title, ...others].join('\n').toLowerCase();
  const words = letters.toLowerCase().split(/\s+/).filter(Boolean);
  if (!words.every((word) => text.includes(word))) return 0;
  const [first = ''] = words;
  if (title.startsWith(first)) return 1;
  if (title.includes(` ${first}`)) return 0.8;
  return title.includes(first) ? 0.6 : 0.4;
}

interface ItemProps {
  /** Unlike that of any other row. */
  value: string;
  /** What it is called, then what else it is known by. */
  keywords: string[];
  icon: ReactNode;
  onSelect: () => void;
  children: ReactNode;
}

export const Item = ({ value, keywords, icon, onSelect, children }: ItemProps) => (
  <Command.Item
    value={value}
    keywords={keywords}
    onSelect={onSelect}
    className="flex min-h-9 items-center gap-2.5 rounded-md px-2.5 text-ui data-[selected=true]:bg-accent-soft data-[selected=true]:text-accent-text [&_svg]:size-4 [&_svg]:shrink-0 [&_svg]:text-muted"
  >
    {icon}
    {children}
  </Command.Item>
);
