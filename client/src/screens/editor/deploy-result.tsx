/** What a deploy did, file by file. */
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { CircleCheck, CircleX, Hourglass, Package, TriangleAlert } from 'lucide-react';
import { workflowsQuery } from '@/api/queries';
import type { components } from '@/api/schema';
import { useOrganization } from '@/api/session';
import { plural } from '@/lib/format';
import { duration } from '@/lib/time';
import { Button, LinkButton } from '@/ui/button';
import { DialogActions } from '@/ui/dialog';
import { changeOf, type Edits } from './edits';

export type Deployed = components['schemas']['DeployResponse'];

const WORDS = { added: 'New', modified: 'Changed', removed: 'Deleted' };

export function DeployResult({ answer, sent, onClose }: { answer: Deployed; sent: Edits; onClose: () => void }) {
  const { number, state, workflows, added, packages, duration_ms, errors, warnings, dependants } = answer;
  const others = errors.filter(({ path }) => !sent.has(path));
  const broken = dependants.filter((impact) => impact.errors.length + impact.removed.length > 0);
  return (
    <div className="grid gap-5">
      <p className="text-ui text-muted">
        {state === 'proposed'
          ? 'Somebody else has to approve it. Until then your work stays here; it is gone from the list of changes once the version is active.'
          : `New runs use it at once. ${plural(workflows, 'workflow')}, built in ${duration(duration_ms)}.`}
      </p>
      {sent.size + others.length > 0 && (
        <section aria-label="Result by file" className="grid gap-2">
          <h3 className="text-ui font-semibold">Files</h3>
          <ul className="divide-y rounded-md border text-ui">
            {[...sent].map(([path, edit]) => (
              <FileResult
                key={path}
                path={path}
                word={WORDS[changeOf(edit)]}
                isProposed={state === 'proposed'}
                error={errors.find((error) => error.path === path)}
                warnings={warnings.filter((warning) => warning.path === path)}
              />
            ))}
            {others.map((error) => (
              <FileResult key={error.path} path={error.path} word="" isProposed={false} error={error} warnings={[]} />
            ))}
          </ul>
        </section>
      )}
      {state === 'active' && <NewWorkflows ids={added} />}
      {packages.length > 0 && (
        <section aria-label="Packages" className="grid gap-2">
          <h3 className="text-ui font-semibold">Packages</h3>
          <ul className="flex flex-wrap gap-1.5">
            {packages.map(({ name, version }) => (
              <li key={name} className="flex items-center gap-1 rounded border px-1.5 font-mono text-xs text-muted">
                <Package className="size-3.5" aria-hidden />
                {name} {version}
              </li>
            ))}
          </ul>
        </section>
      )}
      {broken.length > 0 && (
        <section aria-label="Organizations" className="grid gap-2">
          <h3 className="text-ui font-semibold">Organizations that import the shared folders</h3>
          <ul className="grid gap-1 text-ui">
            {broken.map(({ organization_id, name, errors: failing, removed }) => (
              <li key={organization_id}>
                {name}: {[...failing.map(({ path, message }) => `${path} (${message})`), ...removed.map((id) => `${id} is gone`)].join(', ')}
              </li>
            ))}
          </ul>
        </section>
      )}
      <DialogActions>
        {number != null && (
          <LinkButton to="/code/versions/$number" params={{ number: String(number) }}>
            See version {number}
          </LinkButton>
        )}
        <Button look="primary" onClick={onClose}>
          Go on
        </Button>
      </DialogActions>
    </div>
  );
}

/** The way on to workflows that were not there before. */
function NewWorkflows({ ids }: { ids: string[] }) {
  const workflows = useQuery(workflowsQuery(useOrganization()));
  const found = workflows.data?.filter(({ function_id }) => ids.includes(function_id)) ?? [];
  if (found.length === 0) return null;
  return (
    <section aria-label="New workflows" className="grid gap-2">
      <h3 className="text-ui font-semibold">New workflows</h3>
      <ul className="flex flex-wrap gap-x-4 gap-y-1 text-ui">
        {found.map(({ id, name }) => (
          <li key={id}>
            <Link to="/workflows/$id" params={{ id }} className="text-accent-text hover:underline">
              {name}
            </Link>
          </li>
        ))}
      </ul>
    </section>
  );
}

interface FileProps {
  path: string;
  word: string;
  isProposed: boolean;
  error: Deployed['errors'][number] | undefined;
  warnings: Deployed['warnings'];
}

function FileResult({ path, word, isProposed, error, warnings }: FileProps) {
  return (
    <li className="flex items-start gap-2.5 px-3 py-2">
      {error !== undefined ? (
        <CircleX className="mt-0.5 size-4 shrink-0 text-bad" role="img" aria-label="Left out" />
      ) : warnings.length > 0 ? (
        <TriangleAlert className="mt-0.5 size-4 shrink-0 text-warn" role="img" aria-label="With a warning" />
      ) : isProposed ? (
        <Hourglass className="mt-0.5 size-4 shrink-0 text-info" role="img" aria-label="Waits" />
      ) : (
        <CircleCheck className="mt-0.5 size-4 shrink-0 text-good" role="img" aria-label="Deployed" />
      )}
      <div className="min-w-0 flex-1">
        <p className="font-mono text-xs break-all">{path}</p>
        {error !== undefined && (
          <p className="break-words">
            Left out:{' '}
            <Link
              from="/code/edit"
              to="/code/edit"
              search={(old) => ({ ...old, path, ...(error.line == null ? {} : { line: error.line }) })}
              className="text-accent-text hover:underline"
            >
              {error.line != null && `line ${error.line}, `}
              {error.type}
            </Link>
            : {error.message}
          </p>
        )}
        {warnings.map(({ message }) => (
          <p key={message} className="break-words text-muted">
            {message}
          </p>
        ))}
      </div>
      <span className="shrink-0 text-xs text-muted">{word}</span>
    </li>
  );
}
