/** Where the options and uploads of a form come from: the form that was opened, or its preview. */
import type { FormField, OptionsAnswer } from '@/api/forms';
import { formOptions, uploadSlot } from '@/api/forms';
import type { Asked, Settled } from '@/lib/form-filling';
import type { Schemas } from '@/api/types';
import { send } from '@/lib/upload';

export interface Source {
  /** Part of the key of all that is asked. */
  key: readonly unknown[];
  options: (field: FormField, asked: Asked, settled: Settled, signal: AbortSignal) => Promise<OptionsAnswer>;
  /** Sends a file, and answers its id. */
  upload: (field: FormField, file: File, progress: (share: number) => void, signal: AbortSignal) => Promise<string>;
}

/** What the server is told of a file before it is sent. */
export const newUpload = (session: string, field: FormField, file: File): Schemas['NewUpload'] => ({
  session_id: session,
  field: field.name,
  name: file.name,
  content_type: file.type || 'application/octet-stream',
  size: file.size,
});

/** That of a form which was opened. */
export function sessionSource(form: string, session: string): Source {
  return {
    key: [form, session],
    options: (field, asked, { values }, signal) =>
      formOptions(form, { session_id: session, field: field.name, for_default: asked === 'default', values }, signal),
    upload: async (field, file, progress, signal) => {
      const slot = await uploadSlot(form, newUpload(session, field, file), signal);
      await send(slot, file, progress, signal);
      return slot.upload_id;
    },
  };
}
