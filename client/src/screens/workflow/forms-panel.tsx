/** Which forms start the workflow. */
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { ClipboardList, Plus } from 'lucide-react';
import { formsQuery } from '@/api/forms';
import { useMay, useOrganization } from '@/api/session';
import type { Workflow } from '@/api/types';
import { plural } from '@/lib/format';
import { Badge } from '@/ui/badge';
import { LinkButton } from '@/ui/button';
import { Card } from '@/ui/card';
import { Empty, Show } from '@/ui/states';

export function FormsPanel({ workflow }: { workflow: Workflow }) {
  const forms = useQuery(formsQuery(useOrganization()));
  const manages = useMay()('forms.manage');
  return (
    <Card
      padded={false}
      title="Forms"
      actions={
        manages && (
          <LinkButton to="/forms/new" search={{ workflow: workflow.id }} size="small">
            <Plus aria-hidden />
            New form
          </LinkButton>
        )
      }
    >
      <Show query={forms}>
        {(all) => {
          const mine = all.filter(({ workflow_id }) => workflow_id === workflow.id);
          return mine.length === 0 ? (
            <Empty
              icon={ClipboardList}
              title="No forms yet"
              action={
                manages && (
                  <LinkButton to="/forms/new" search={{ workflow: workflow.id }} look="primary">
                    Build a form
                  </LinkButton>
                )
              }
            >
              A form asks people for the parameters in plain words, with choices and rules. People who may use the form need no
              permission to run the workflow.
            </Empty>
          ) : (
            <ul className="divide-y">
              {mine.map((form) => (
                <li key={form.id} className="relative flex min-h-11 flex-wrap items-center gap-x-3 gap-y-1 px-4 py-2 text-ui hover:bg-hover/60">
                  <Link to="/forms/$id" params={{ id: form.id }} search={{}} className="font-medium after:absolute after:inset-0">
                    {form.name}
                  </Link>
                  <span className="text-muted">{plural(form.fields, 'field')}</span>
                  <span className="ml-auto">
                    <Badge>{form.access === 'granted' ? 'Only selected people' : 'Everybody'}</Badge>
                  </span>
                </li>
              ))}
            </ul>
          );
        }}
      </Show>
    </Card>
  );
}
