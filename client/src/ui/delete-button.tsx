/** A button that deletes, after a question. */
import { Trash2 } from 'lucide-react';
import { useState, type ReactNode } from 'react';
import { Button } from './button';
import { Confirm } from './confirm';

interface Props {
  /** What is deleted, as people call it. */
  name: string;
  /** What is lost with it. */
  children: ReactNode;
  onDelete: () => Promise<unknown>;
  /** Has to be typed first. */
  typed?: string;
  /** Only a symbol, for rows of lists. */
  small?: boolean;
  /** In place of `Delete`. */
  action?: string;
  /** The question, if not `Delete “name”?`. */
  title?: string;
}

export function DeleteButton({ name, children, onDelete, typed, small = false, action = 'Delete', title = `${action} “${name}”?` }: Props) {
  const [asking, setAsking] = useState(false);
  return (
    <>
      {small ? (
        <Button look="quiet" size="small" aria-label={`${action} ${name}`} className="relative z-10" onClick={() => setAsking(true)}>
          <Trash2 aria-hidden />
        </Button>
      ) : (
        <Button look="danger" onClick={() => setAsking(true)}>
          <Trash2 aria-hidden />
          {action}
        </Button>
      )}
      <Confirm
        open={asking}
        onClose={() => setAsking(false)}
        title={title}
        action={action}
        onConfirm={onDelete}
        {...(typed === undefined ? {} : { typed })}
      >
        {children}
      </Confirm>
    </>
  );
}
