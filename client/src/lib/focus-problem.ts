/** Leads to what is wrong. */
import { useEffect } from 'react';

/** Focuses the first field of a dialog that is wrong once the server has said so: its error is read out with it. */
export function useFocusProblem(error: unknown): void {
  useEffect(() => {
    if (error !== null) document.querySelector<HTMLElement>('[role=dialog] [aria-invalid=true]')?.focus();
  }, [error]);
}
