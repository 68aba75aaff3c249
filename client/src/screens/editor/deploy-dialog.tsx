/** From the edits to a version: what changes, what it does to workflows, and what came of it. */
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { ArrowRight, CircleMinus, CirclePlus, PencilLine, Replace } from 'lucide-react';
import { useState, type ReactNode } from 'react';
import { api, call } from '@/api/client';
import { explain, ProblemError } from '@/api/problem';
import { workspaceQuery } from '@/api/queries';
import { plural } from '@/lib/format';
import { asksForPackages } from '@/lib/requirements';
import { Button } from '@/ui/button';
import { Dialog, DialogActions } from '@/ui/dialog';
import { CheckField, Field, Input } from '@/ui/field';
import { FormError } from '@/ui/states';
import { DeployResult, type Deployed } from './deploy-result';
import { asFiles, deployed as leftAfter, type Edits } from './edits';
import { FileChange } from './file-change';
import { Row } from './problems';
import { effects, type Effects } from './symbols';
import type { Check } from './use-check';
import { deployedQuery, type Editor } from './use-editor';

/** From so many files on their changes are closed at first. */
const MANY = 4;

/** Refusals that a second, explicit step overrules. */
const FORCEABLE: Record<string, string> = {
  workflow_in_use: 'Deploy all the same: what uses these workflows ends with them',
  nothing_loads: 'Deploy all the same: no workflow can run then',
  adapter_in_use: 'Deploy all the same: the webhooks with these adapters lose them',
  breaks_dependants: 'Deploy all the same: these organizations’ workspaces break',
};

interface Props {
  editor: Editor;
  check: Check;
  open: boolean;
  onClose: () => void;
}

export function DeployDialog({ editor, check, open, onClose }: Props) {
  const [done, setDone] = useState<{ answer: Deployed; sent: Edits }>();
  const close = () => {
    setDone(undefined);
    onClose();
  };
  return (
    <Dialog
      open={open}
      onClose={close}
      wide
      title={done === undefined ? 'Deploy' : titleOf(done.answer)}
      description={done === undefined ? about(editor) : undefined}
    >
      {done === undefined ? (
        <Form editor={editor} check={check} onDone={(answer, sent) => setDone({ answer, sent })} onClose={close} />
      ) : (
        <DeployResult answer={done.answer} sent={done.sent} onClose={close} />
      )}
    </Dialog>
  );
}

function about({ edits, version }: Editor): string {
  if (edits.size === 0) return `No file differs from version ${version}.`;
  return `${plural(edits.size, 'file')} over ${version === 0 ? 'an empty workspace' : `version ${version}`}.`;
}

function titleOf({ state, number, changed }: Deployed): string {
  if (!changed) return state === 'proposed' ? `Version ${number ?? ''} waits already` : 'This is what is deployed already';
  return state === 'proposed' ? `Version ${number ?? ''} waits for a review` : `Version ${number ?? ''} is active`;
}

interface FormProps {
  editor: Editor;
  check: Check;
  onDone: (answer: Deployed, sent: Edits) => void;
  onClose: () => void;
}

function Form({ editor, check, onDone, onClose }: FormProps) {
  const client = useQueryClient();
  const { edits } = editor;
  const [message, setMessage] = useState('');
  const [force, setForce] = useState(false);
  const [upgrade, setUpgrade] = useState(false);
  const deploy = useMutation({
    mutationFn: async () => {
      await editor.store.flush();
      const sent = editor.store.snapshot().edits;
      const body = { edits: asFiles(sent), against: editor.version, message: message.trim() || null, force, upgrade };
      return { answer: await call(api.POST('/api/workspace/deploy', { body })), sent };
    },
    onSuccess: async ({ answer, sent }) => {
      if (answer.state === 'active' && answer.number != null) {
        for (const [path, { content }] of sent) {
          if (content !== null) client.setQueryData(deployedQuery(editor.organization, answer.number, path).queryKey, content);
        }
        // First the version, then what is left of the edits: nobody else deployed meanwhile.
        client.setQueryData(workspaceQuery(editor.organization).queryKey, await call(api.GET('/api/workspace')));
        editor.apply(leftAfter(editor.store.snapshot().edits, sent));
        editor.store.fits(answer.number);
      }
      onDone(answer, sent);
      await client.invalidateQueries({ predicate: ({ queryKey: [name] }) => !String(name).startsWith('deployed-') });
    },
    onError: (error) => {
      if (error instanceof ProblemError && error.code === 'active_changed') {
        void client.invalidateQueries({ queryKey: ['workspace'] });
      }
    },
  });
  const refused = deploy.error instanceof ProblemError ? deploy.error : undefined;
  const forceable = refused === undefined ? undefined : FORCEABLE[refused.code];
  const { report } = check;
  const found = effects(report.added, report.updated, report.removed);
  const errors = report.problems.filter((problem) => problem.isError);
  return (
    <form
      className="grid gap-5"
      onSubmit={(event) => {
        event.preventDefault();
        deploy.mutate();
      }}
    >
      <FormError error={deploy.error} />
      {refused !== undefined && refused.files.length > 0 && (
        <ul aria-label="Why it was refused" className="rounded-md border py-1 text-ui">
          {refused.files.map(({ path, line, type, message: text }) => (
            <Row
              key={`${path}${line ?? ''}${text}`}
              problem={{ path, line: line ?? undefined, text: `${type}: ${text}`, isError: true }}
            />
          ))}
        </ul>
      )}
      {forceable !== undefined && (
        <CheckField label={forceable} checked={force} onChange={(event) => setForce(event.target.checked)} />
      )}
      <section aria-label="Workflows" className="grid gap-2">
        <h3 className="text-ui font-semibold">What it does to workflows</h3>
        {check.isCurrent ? (
          <Shown effects={found} />
        ) : (
          <p className="text-ui text-muted">
            {check.error === undefined ? 'It is being built…' : `It could not be built: ${explain(check.error).title}`}
          </p>
        )}
      </section>
      {errors.length > 0 && check.isCurrent && (
        <section aria-label="Left out" className="grid gap-2">
          <h3 className="text-ui font-semibold">
            {report.refusal === undefined ? `${plural(errors.length, 'file')} would be left out` : 'The packages cannot be installed'}
          </h3>
          <ul className="rounded-md border py-1 text-ui">
            {errors.map((problem) => (
              <Row key={`${problem.path}${problem.line ?? ''}${problem.text}`} problem={problem} />
            ))}
          </ul>
        </section>
      )}
      {edits.size > 0 && (
        <section aria-label="Files" className="grid gap-2">
          <h3 className="text-ui font-semibold">What changes</h3>
          {[...edits].map(([path, { base, content }]) => (
            <FileChange key={path} path={path} before={base} after={content} closed={edits.size >= MANY} />
          ))}
        </section>
      )}
      {editor.own.some(asksForPackages) && (
        <CheckField
          label="Choose packages anew"
          help="The newest that the requirements allow. Without it the packages stay as they are while the requirements do."
          checked={upgrade}
          onChange={(event) => setUpgrade(event.target.checked)}
        />
      )}
      <Field label="Message" optional help="For the list of versions: what this is for.">
        {(tied) => <Input {...tied} value={message} maxLength={1_000} onChange={(event) => setMessage(event.target.value)} />}
      </Field>
      <DialogActions>
        <Button onClick={onClose}>Not yet</Button>
        <Button
          type="submit"
          look={force && forceable !== undefined ? 'danger' : 'primary'}
          busy={deploy.isPending}
          disabled={(edits.size === 0 && !upgrade) || (forceable !== undefined && !force)}
        >
          Deploy
        </Button>
      </DialogActions>
    </form>
  );
}

function Shown({ effects: { added, updated, removed, renamed } }: { effects: Effects }) {
  if (added.length + updated.length + removed.length + renamed.length === 0) {
    return <p className="text-ui text-muted">They stay as they are.</p>;
  }
  return (
    <ul className="grid gap-1 text-ui">
      {added.map((id) => (
        <Effect key={id} icon={<CirclePlus className="text-good" aria-hidden />} word="New">
          {id}
        </Effect>
      ))}
      {updated.map((id) => (
        <Effect key={id} icon={<PencilLine aria-hidden />} word="Other definition">
          {id}
        </Effect>
      ))}
      {renamed.map(({ from, to }) => (
        <Effect key={from} icon={<Replace className="text-warn" aria-hidden />} word="Other name">
          {from} <ArrowRight className="inline size-3" role="img" aria-label="becomes" /> {to}
        </Effect>
      ))}
      {removed.map((id) => (
        <Effect key={id} icon={<CircleMinus className="text-bad" aria-hidden />} word="Gone">
          {id}
        </Effect>
      ))}
      {renamed.length > 0 && (
        <li className="text-xs text-muted">
          By its other name a workflow is a new one: what was granted or scheduled for the old one stays with that.
        </li>
      )}
      {removed.length + renamed.length > 0 && (
        <li className="text-xs text-muted">Where one that goes is in use, the deploy is refused first and says by what.</li>
      )}
    </ul>
  );
}

const Effect = ({ icon, word, children }: { icon: ReactNode; word: string; children: ReactNode }) => (
  <li className="flex items-center gap-2 [&>svg]:size-4 [&>svg]:shrink-0">
    {icon}
    <span className="w-28 shrink-0 text-muted">{word}</span>
    <span className="min-w-0 font-mono text-xs break-all">{children}</span>
  </li>
);
