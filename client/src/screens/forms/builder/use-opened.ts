/** The draft of a preview on the server: opened when it is needed first, and again when what it is opened with changes. */
import { useRef, useState } from 'react';
import { openPreview, type FormDefinition, type OpenedPreview } from '@/api/forms';

export interface Opening {
  /** What the launch workflow and the address gave last. */
  opened: OpenedPreview | undefined;
  /** The draft; `anew` runs the launch workflow again. */
  open: (anew?: boolean) => Promise<OpenedPreview>;
}

/** What a form is opened with, as text: as long as it stays, so does the draft. */
export const openedWith = (form: FormDefinition, query: Record<string, string>): string =>
  JSON.stringify([query, form.launch_workflow ?? '', form.launch_parameters ?? {}, form.query_parameters ?? []]);

export function useOpened(form: FormDefinition, query: Record<string, string>): Opening {
  const [opened, setOpened] = useState<OpenedPreview>();
  const last = useRef<{ key: string; answer: Promise<OpenedPreview> }>(undefined);
  const key = openedWith(form, query);
  const open = (anew = false): Promise<OpenedPreview> => {
    if (!anew && last.current?.key === key) return last.current.answer;
    const answer = openPreview(form, query);
    const mine = { key, answer };
    last.current = mine;
    answer.then(
      (now) => {
        if (last.current === mine) setOpened(now);
      },
      () => {
        // What failed is tried again.
        if (last.current === mine) last.current = undefined;
      },
    );
    return answer;
  };
  return { opened, open };
}
