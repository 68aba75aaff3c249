/** The definition as a file of a workspace. */
import { Download } from 'lucide-react';
import type { FormDefinition } from '@/api/forms';
import type { Workflow } from '@/api/types';
import type { Json } from '@/expressions';
import { nameFrom, tidy } from '@/lib/form-draft';
import { download } from '@/lib/format';
import { toYaml } from '@/lib/yaml';
import { Button } from '@/ui/button';
import { Card } from '@/ui/card';
import { CopyButton } from '@/ui/copy';
import { useBuilder, workflowOf } from './builder-context';

/** The definition with workflows by `path::function`, which mean the same everywhere. */
export function fileOf(form: FormDefinition, workflows: readonly Workflow[]): string {
  const called = (name: string) => workflowOf(workflows, name)?.function_id ?? name;
  const kept = tidy({ ...form, workflow: called(form.workflow), launch_workflow: form.launch_workflow == null ? null : called(form.launch_workflow) });
  const fields = kept.fields.map((field) =>
    field.data_provider == null ? field : { ...field, data_provider: called(field.data_provider) },
  );
  return toYaml({ ...kept, fields } as unknown as Json);
}

export function YamlPanel() {
  const { draft, workflows } = useBuilder();
  const text = fileOf(draft.form, workflows);
  const name = `${nameFrom(draft.form.name).replace(/_/g, '-')}.yaml`;
  return (
    <Card
      padded={false}
      title={<span className="font-mono text-xs font-normal">forms/{name}</span>}
      actions={
        <>
          <CopyButton text={text} label="Copy the file" />
          <Button size="small" look="quiet" onClick={() => download(name, text, 'application/yaml')}>
            <Download aria-hidden />
            Download
          </Button>
        </>
      }
    >
      <p className="border-b px-4 py-3 text-ui text-muted">
        In the folder <code className="font-mono text-xs">forms</code> of a workspace it is deployed with the code, and
        changed there only.
      </p>
      <YamlText text={text} label={`forms/${name}`} />
    </Card>
  );
}

/** YAML to read. */
export const YamlText = ({ text, label }: { text: string; label: string }) => (
  <pre role="region" aria-label={label} tabIndex={0} className="max-h-[36rem] overflow-auto p-4 font-mono text-xs leading-5">
    {text}
  </pre>
);
