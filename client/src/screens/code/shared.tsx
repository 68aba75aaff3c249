/** The provider's folders that every organization can import. */
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { TriangleAlert } from 'lucide-react';
import { useState } from 'react';
import { api, call } from '@/api/client';
import { ProblemError } from '@/api/problem';
import { linesOf } from '@/lib/forms';
import { plural } from '@/lib/format';
import { Button } from '@/ui/button';
import { Card } from '@/ui/card';
import { CheckField, Field, TextArea } from '@/ui/field';
import { FormError, Show } from '@/ui/states';
import { done } from '@/ui/toast';

export function Shared() {
  const shared = useQuery({
    queryKey: ['shared'],
    queryFn: ({ signal }) => call(api.GET('/api/workspace/shared', { signal })),
  });
  return (
    <Card title="Shared folders">
      <Show query={shared}>{({ folders, files }) => <Form key={folders.join()} folders={folders} files={files} />}</Show>
    </Card>
  );
}

function Form({ folders, files }: { folders: string[]; files: string[] }) {
  const client = useQueryClient();
  const [text, setText] = useState(folders.join('\n'));
  const [disclose, setDisclose] = useState(false);
  const [force, setForce] = useState(false);
  const save = useMutation({
    mutationFn: () =>
      call(api.PUT('/api/workspace/shared', { body: { folders: linesOf(text), disclose_source: disclose, force } })),
    onSuccess: async ({ refreshed }) => {
      done('Shared folders are saved', `${plural(refreshed.length, 'organization')} got a new version.`);
      await client.invalidateQueries();
    },
  });
  const breaks = save.error instanceof ProblemError && save.error.code === 'breaks_dependants';
  return (
    <form
      className="grid gap-4"
      onSubmit={(event) => {
        event.preventDefault();
        save.mutate();
      }}
    >
      <FormError error={save.error} />
      <Field label="Folders" help="One per line, such as modules. Every organization can import what is in them.">
        {(tied) => <TextArea {...tied} value={text} spellCheck={false} className="font-mono text-xs" onChange={(event) => setText(event.target.value)} />}
      </Field>
      <p className="flex items-start gap-2 rounded-md bg-warn-soft px-3 py-2 text-ui">
        <TriangleAlert className="mt-0.5 size-4 shrink-0 text-warn" aria-hidden />
        Sharing a folder discloses its source to all organizations, for good: it is in their versions.
      </p>
      <CheckField label="I mean to disclose this source" checked={disclose} onChange={(event) => setDisclose(event.target.checked)} />
      {(breaks || force) && (
        <CheckField label="Also when workspaces of organizations break by it" checked={force} onChange={(event) => setForce(event.target.checked)} />
      )}
      {files.length > 0 && (
        <details>
          <summary className="cursor-pointer text-ui text-muted">{plural(files.length, 'file')} shared now</summary>
          <ul className="mt-2 grid gap-0.5 font-mono text-xs">
            {files.map((file) => (
              <li key={file}>{file}</li>
            ))}
          </ul>
        </details>
      )}
      <div className="flex justify-end">
        <Button type="submit" look="primary" busy={save.isPending}>
          Save
        </Button>
      </div>
    </form>
  );
}
