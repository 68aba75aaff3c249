/** A search or a filter found nothing; the way back is one press. */
import type { LucideIcon } from 'lucide-react';
import type { ReactNode } from 'react';
import { Button } from './button';
import { Empty } from './states';

interface Props {
  icon: LucideIcon;
  title?: string;
  /** What the button does. */
  action?: string;
  onClear: () => void;
  children?: ReactNode;
}

export const NothingFits = ({ icon, title = 'Nothing fits', action = 'Clear the search', onClear, children }: Props) => (
  <Empty icon={icon} title={title} action={<Button onClick={onClear}>{action}</Button>}>
    {children}
  </Empty>
);
