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

interface ItemProps {
  value: string;
  keywords?: string[];
  icon: ReactNode;
  onSelect: () => void;
  children: ReactNode;
}

export const Item = ({ value, keywords, icon, onSelect, children }: ItemProps) => (
  <Command.Item
    value={value}
    {...(keywords === undefined ? {} : { keywords })}
    onSelect={onSelect}
    className="flex min-h-9 items-center gap-2.5 rounded-md px-2.5 text-ui data-[selected=true]:bg-accent-soft data-[selected=true]:text-accent-text [&_svg]:size-4 [&_svg]:shrink-0 [&_svg]:text-muted"
  >
    {icon}
    {children}
  </Command.Item>
);
