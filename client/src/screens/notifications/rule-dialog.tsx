/** Creates, changes or deletes a rule. */
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { Trash2 } from 'lucide-react';
import { useState } from 'react';
import { useForm } from 'react-hook-form';
import { api, call } from '@/api/client';
import { EVENTS, type Channel, type NotificationEvent, type Rule } from '@/api/notifications';
import { workflowsQuery } from '@/api/queries';
import { useOrganization } from '@/api/session';
import { useBranding } from '@/lib/branding';
import { showAtField } from '@/lib/forms';
import { Button } from '@/ui/button';
import { Combobox } from '@/ui/combobox';
import { Confirm } from '@/ui/confirm';
import { Dialog, DialogActions } from '@/ui/dialog';
import { CheckField, Field, Input, Select } from '@/ui/field';
import { FormError } from '@/ui/states';
import { done } from '@/ui/toast';
import { EVENT_NAMES, KIND_NAMES } from './names';

interface Values {
  name: string;
  event: NotificationEvent;
  only_scheduled: boolean;
  completed_with_errors: boolean;
  in_app: boolean;
  enabled: boolean;
}

const NAMES = ['name', 'event'] as const;

interface Props {
  rule: Rule | undefined;
  channels: Channel[];
  onClose: () => void;
}

export function RuleDialog({ rule, channels, onClose }: Props) {
  const client = useQueryClient();
  const { product_name } = useBranding();
  const [deleting, setDeleting] = useState(false);
  const [workflows, setWorkflows] = useState(rule?.workflow_ids ?? []);
  const [chosen, setChosen] = useState(rule?.channel_ids ?? []);
  const { register, handleSubmit, watch, setError, formState } = useForm<Values>({
    defaultValues: {
      name: rule?.name ?? '',
      event: rule?.event ?? 'run_failed',
      only_scheduled: rule?.only_scheduled ?? false,
      completed_with_errors: rule?.completed_with_errors ?? false,
      in_app: rule?.in_app ?? true,
      enabled: rule?.enabled ?? true,
    },
  });
  const refresh = () => client.invalidateQueries({ queryKey: ['notification-rules'] });
  const save = useMutation({
    mutationFn: ({ event, only_scheduled, completed_with_errors, ...rest }: Values) => {
      const ofRuns = event === 'run_failed' ? { only_scheduled, completed_with_errors, workflow_ids: workflows } : {};
      const body = { ...rest, ...ofRuns, channel_ids: chosen };
      if (rule === undefined) return call(api.POST('/api/notification-rules', { body: { ...body, event } }));
      return call(api.PATCH('/api/notification-rules/{id}', { params: { path: { id: rule.id } }, body }));
    },
    onSuccess: async (saved) => {
      done(`“${saved.name}” is saved`);
      onClose();
      await refresh();
    },
    onError: (error) => showAtField<Values>(error, NAMES, setError),
  });
  const remove = async () => {
    await call(api.DELETE('/api/notification-rules/{id}', { params: { path: { id: rule?.id ?? '' } } }));
    done('The rule is deleted');
    onClose();
    await refresh();
  };
  const errors = formState.errors;
  return (
    <Dialog open side onClose={onClose} title={rule?.name ?? 'New rule'}>
      <form className="grid gap-4" onSubmit={handleSubmit((values) => save.mutate(values))}>
        <FormError error={save.error} />
        <Field label="Name" error={errors.name?.message}>
          {(tied) => <Input {...tied} {...register('name')} required />}
        </Field>
        <Field label="When" error={errors.event?.message}>
          {(tied) => (
            <Select {...tied} {...register('event')} disabled={rule !== undefined}>
              {EVENTS.map((event) => (
                <option key={event} value={event}>
                  {EVENT_NAMES[event]}
                </option>
              ))}
            </Select>
          )}
        </Field>
        {watch('event') === 'run_failed' && (
          <>
            <Workflows chosen={workflows} onChange={setWorkflows} />
            <CheckField label="Only scheduled runs" help="People who start a run by hand see how it ends anyway." {...register('only_scheduled')} />
            <CheckField label="Also runs that complete with errors" {...register('completed_with_errors')} />
          </>
        )}
        <fieldset className="grid gap-2.5">
          <legend className="mb-2 text-ui font-medium">Who is notified</legend>
          <CheckField label={`People, in ${product_name}`} help="Everyone who may see what the notification is about." {...register('in_app')} />
          {channels.map((channel) => (
            <CheckField
              key={channel.id}
              label={channel.name}
              help={KIND_NAMES[channel.kind]}
              checked={chosen.includes(channel.id)}
              onChange={(event) =>
                setChosen(event.target.checked ? [...chosen, channel.id] : chosen.filter((id) => id !== channel.id))
              }
            />
          ))}
        </fieldset>
        <CheckField label="On" {...register('enabled')} />
        <DialogActions>
          {rule !== undefined && (
            <Button look="danger" className="mr-auto" onClick={() => setDeleting(true)}>
              <Trash2 aria-hidden />
              Delete
            </Button>
          )}
          <Button onClick={onClose}>Cancel</Button>
          <Button type="submit" look="primary" busy={save.isPending}>
            Save
          </Button>
        </DialogActions>
      </form>
      <Confirm open={deleting} onClose={() => setDeleting(false)} title={`Delete “${rule?.name ?? ''}”?`} action="Delete" onConfirm={remove}>
        It no longer notifies anybody.
      </Confirm>
    </Dialog>
  );
}

function Workflows({ chosen, onChange }: { chosen: string[]; onChange: (ids: string[]) => void }) {
  const organization = useOrganization();
  const { data: all = [] } = useQuery(workflowsQuery(organization));
  const left = all.filter((workflow) => !chosen.includes(workflow.id));
  return (
    <Field label="Only these workflows" optional help="Leave empty for all workflows.">
      {(tied) => (
        <div className="grid gap-2">
          <Combobox
            {...tied}
            label="Only these workflows"
            value=""
            placeholder="Add a workflow…"
            onChange={(id) => onChange([...chosen, id])}
            options={left.map((workflow) => ({ value: workflow.id, label: workflow.name }))}
            className="w-full"
          />
          {chosen.length > 0 && (
            <ul className="flex flex-wrap gap-1.5">
              {chosen.map((id) => {
                const name = all.find((workflow) => workflow.id === id)?.name ?? id.slice(0, 8);
                return (
                  <li key={id}>
                    <Button
                      size="small"
                      aria-label={`Remove ${name}`}
                      onClick={() => onChange(chosen.filter((one) => one !== id))}
                    >
                      {name} ×
                    </Button>
                  </li>
                );
              })}
            </ul>
          )}
        </div>
      )}
    </Field>
  );
}
