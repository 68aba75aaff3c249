/** Which adapter a new webhook has, and its settings. */
import type { UseQueryResult } from '@tanstack/react-query';
import type { Adapter } from '@/api/types';
import { problemAt } from '@/lib/forms';
import { defaultsOf } from '@/lib/values';
import { Field, Select } from '@/ui/field';
import { Notice } from '@/ui/notice';
import { Show, Skeleton } from '@/ui/states';
import { ValueFields, type ValuesForm } from '@/ui/value-fields';

interface Props {
  adapters: UseQueryResult<Adapter[]>;
  chosen: Adapter | undefined;
  onChoose: (id: string) => void;
  form: ValuesForm;
  error: unknown;
}

/** The same form, where the server's answer goes with the next change. */
export const clearing = (form: ValuesForm, clear: () => unknown): ValuesForm => ({
  ...form,
  set: (key, text) => {
    clear();
    form.set(key, text);
  },
});

export function AdapterFields({ adapters, chosen, onChoose, form, error }: Props) {
  return (
    <Show query={adapters} skeleton={<Skeleton className="h-16" />}>
      {(all) =>
        chosen === undefined ? (
          <Notice>
            The active version has no adapter. Write a class with <code className="font-mono text-xs">@adapter</code> in the workspace, and
            deploy it.
          </Notice>
        ) : (
          <>
            <Field label="Adapter" {...(chosen.description === '' ? {} : { help: chosen.description })} error={problemAt(error, 'adapter')}>
              {(tied) => (
                <Select {...tied} value={chosen.id} onChange={(event) => onChoose(event.target.value)}>
                  {all.map(({ id, name, organization_id }) => (
                    <option key={id} value={id}>
                      {organization_id == null ? `${name} (from the provider)` : name}
                    </option>
                  ))}
                </Select>
              )}
            </Field>
            {chosen.integration != null && (
              <p className="text-xs text-muted">It uses the credentials of the integration “{chosen.integration}”.</p>
            )}
            <ValueFields
              schema={chosen.config_schema}
              form={form}
              inherited={defaultsOf(chosen.config_schema)}
              secret={() => 'unset'}
              problem={(key) => problemAt(error, `config.${key}`)}
            />
          </>
        )
      }
    </Show>
  );
}
