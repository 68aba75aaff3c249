/** One document as JSON: read, changed, inserted, deleted. */
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { api, call } from '@/api/client';
import { useUserName } from '@/api/names';
import { ProblemError } from '@/api/problem';
import { useOrganization } from '@/api/session';
import type { Document, Table } from '@/api/types';
import { useSave } from '@/lib/change';
import { objectOf } from '@/lib/entered';
import { problemAt } from '@/lib/forms';
import { Code } from '@/ui/code';
import { CopyButton } from '@/ui/copy';
import { DeleteButton } from '@/ui/delete-button';
import { Dialog } from '@/ui/dialog';
import { Field, Input } from '@/ui/field';
import { FormDialog } from '@/ui/form-dialog';
import { JsonField } from '@/ui/json-field';
import { Show } from '@/ui/states';
import { Ago } from '@/ui/time';
import { difference } from './documents';
import { documentQuery } from './queries';

interface Props {
  table: Table;
  /** Nothing for a new one. */
  id: string | undefined;
  writes: boolean;
  onClose: () => void;
}

export function DocumentDialog({ table, id, writes, onClose }: Props) {
  if (id === undefined) return writes ? <New table={table} onClose={onClose} /> : null;
  return <Existing table={table} id={id} writes={writes} onClose={onClose} />;
}

const AGAIN = ['documents', 'document', 'tables'];

function New({ table, onClose }: { table: Table; onClose: () => void }) {
  const [id, setId] = useState('');
  const [text, setText] = useState('{\n  \n}');
  const [problem, setProblem] = useState<string>();
  const insert = useSave(
    (data: Record<string, unknown>) => call(api.POST('/api/tables/{id}/documents', { params: { path: { id: table.id } }, body: { id: id || null, data } })),
    { says: () => 'The document is inserted', again: AGAIN, then: onClose },
  );
  const submit = () => {
    const read = objectOf(text);
    setProblem('problem' in read ? read.problem : undefined);
    if ('value' in read) insert.mutate(read.value);
  };
  return (
    <FormDialog title={`New document in ${table.name}`} side onClose={onClose} onSubmit={submit} error={insert.error} busy={insert.isPending} action="Insert">
      <Field label="ID" optional help="Unique within the table. Leave it empty to have one generated." error={problemAt(insert.error, 'id')}>
        {(tied) => <Input {...tied} value={id} spellCheck={false} className="font-mono" onChange={(event) => setId(event.target.value)} />}
      </Field>
      <JsonField label="Content" value={text} onChange={setText} error={problem ?? contentProblem(insert.error)} height="60vh" />
    </FormDialog>
  );
}

function Existing({ table, id, writes, onClose }: Props & { id: string }) {
  const organization = useOrganization();
  const document = useQuery({ ...documentQuery(organization, table.id, id), refetchOnWindowFocus: false });
  if (document.data === undefined) {
    return (
      <Dialog open side onClose={onClose} title={id}>
        <Show query={document}>{() => null}</Show>
      </Dialog>
    );
  }
  return writes ? (
    <Editor key={document.data.version} table={table} document={document.data} onClose={onClose} />
  ) : (
    <Dialog open side onClose={onClose} title={id} description={<Written document={document.data} />}>
      <Code value={JSON.stringify(document.data.data, null, 2)} label="Content" language="json" />
    </Dialog>
  );
}

function Written({ document }: { document: Document }) {
  const nameOf = useUserName();
  return (
    <>
      Version {document.version}, written <Ago at={document.updated_at} />
      {document.updated_by != null && ` by ${nameOf(document.updated_by)}`}
    </>
  );
}

/** What the server says of the content, with the place in it that it speaks of. */
function contentProblem(error: unknown): string | undefined {
  const said = problemAt(error, 'data');
  const place = error instanceof ProblemError ? error.field?.replace(/^data\.?/, '') : undefined;
  return said === undefined || place === undefined || place === '' ? said : `${place}: ${said}`;
}

/** Somebody wrote the document in between. */
const changed = () =>
  new ProblemError({ status: 409, code: 'version_changed', detail: 'somebody has written this document in between; close it and open it again' });

function Editor({ table, document, onClose }: { table: Table; document: Document; onClose: () => void }) {
  const [text, setText] = useState(() => JSON.stringify(document.data, null, 2));
  const [problem, setProblem] = useState<string>();
  const params = { path: { id: table.id, document: document.id } };
  const save = useSave(
    async (data: Record<string, unknown>) => {
      const { laid, gone } = difference(document.data, data);
      if (gone.length === 0) {
        return call(api.PATCH('/api/tables/{id}/documents/{document}', { params, body: { data: laid, if_version: document.version } }));
      }
      // Fields are taken away by replacing all; that knows no version, so it is looked at first.
      const now = await call(api.GET('/api/tables/{id}/documents/{document}', { params }));
      if (now.version !== document.version) throw changed();
      return call(api.PUT('/api/tables/{id}/documents/{document}', { params, body: { data } }));
    },
    { says: () => 'The document is saved', again: AGAIN, then: onClose },
  );
  const remove = useSave(() => call(api.DELETE('/api/tables/{id}/documents/{document}', { params })), {
    says: () => 'The document is deleted',
    again: ['documents', 'tables'],
    then: onClose,
  });
  const submit = () => {
    const read = objectOf(text);
    setProblem('problem' in read ? read.problem : undefined);
    if ('value' in read) save.mutate(read.value);
  };
  return (
    <FormDialog
      title={document.id}
      description={<Written document={document} />}
      side
      onClose={onClose}
      onSubmit={submit}
      error={save.error}
      busy={save.isPending}
      beside={
        <>
          <DeleteButton name={document.id} onDelete={() => remove.mutateAsync()}>
            It is deleted for good; no earlier version is kept.
          </DeleteButton>
          <CopyButton text={text} label="Copy the document" />
        </>
      }
    >
      <JsonField label="Content" value={text} onChange={setText} error={problem ?? contentProblem(save.error)} height="65vh" />
    </FormDialog>
  );
}
