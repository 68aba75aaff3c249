/** What a webhook may be told, as fields of a form. */
import type { components } from '@/api/schema';
import type { Webhook, WebhookKind } from '@/api/types';
import { linesOf, problemAt } from '@/lib/forms';
import { CheckField, Field, Input, TextArea } from '@/ui/field';
import { KINDS } from './kinds';

const KIB = 1_024;

/** Deliveries in a minute, unless somebody says otherwise; each is a call of an adapter's code. */
export const rateOf = (kind: WebhookKind): string => (kind === 'adapter' ? '120' : '600');

type Body = Omit<components['schemas']['ChangeWebhook'], 'topic' | 'allowed_networks' | 'config'> & { name: string; allowed_networks?: string[] };

export interface Form {
  name: string;
  topic: string;
  signature_header: string;
  delivery_header: string;
  tolerance: string;
  networks: string;
  rate: string;
  kib: string;
  days: string;
  enabled: boolean;
}

export const formOf = (webhook?: Webhook): Form => ({
  name: webhook?.name ?? '',
  topic: webhook?.topic ?? '',
  signature_header: webhook?.signature_header ?? '',
  delivery_header: webhook?.delivery_header ?? '',
  tolerance: String(webhook?.tolerance_seconds ?? 300),
  networks: (webhook?.allowed_networks ?? []).join('\n'),
  rate: webhook === undefined ? rateOf('generic') : String(webhook.rate_per_minute),
  kib: String((webhook?.body_bytes ?? KIB * KIB) / KIB),
  days: String(webhook?.retention_days ?? 30),
  enabled: webhook?.enabled ?? true,
});

/** What the form says to the server. */
export const bodyOf = (form: Form, kind: WebhookKind): Body & { topic?: string } => ({
  name: form.name,
  enabled: form.enabled,
  retention_days: Number(form.days),
  rate_per_minute: Number(form.rate),
  ...(kind === 'topic'
    ? { topic: form.topic }
    : {
        allowed_networks: linesOf(form.networks),
        body_bytes: Math.round(Number(form.kib) * KIB),
        ...(kind === 'adapter' ? {} : { delivery_header: form.delivery_header }),
        ...(KINDS[kind].header ? { signature_header: form.signature_header } : {}),
        ...(kind === 'timestamped' ? { tolerance_seconds: Number(form.tolerance) } : {}),
      }),
});

interface Props {
  kind: WebhookKind;
  form: Form;
  set: (part: Partial<Form>) => void;
  error: unknown;
  /** Of a webhook that is not there yet, most of it is folded away. */
  folded: boolean;
}

export function WebhookFields({ kind, form, set, error, folded }: Props) {
  const rest = <More kind={kind} form={form} set={set} error={error} />;
  return (
    <>
      <Field label="Name" help="A unique name, such as github-main." error={problemAt(error, 'name')}>
        {(tied) => <Input {...tied} value={form.name} required autoFocus={folded} spellCheck={false} onChange={(event) => set({ name: event.target.value })} />}
      </Field>
      {kind === 'topic' && (
        <Field label="Topic" help="Words separated by dots, such as orders.created." error={problemAt(error, 'topic')}>
          {(tied) => <Input {...tied} value={form.topic} required spellCheck={false} className="font-mono" onChange={(event) => set({ topic: event.target.value })} />}
        </Field>
      )}
      {folded ? (
        <details className="group">
          <summary className="cursor-pointer rounded text-ui text-muted hover:text-ink">{kind === 'adapter' ? 'Networks and limits' : 'Headers, networks and limits'}</summary>
          <div className="grid gap-4 pt-4">{rest}</div>
        </details>
      ) : (
        rest
      )}
    </>
  );
}

function More({ kind, form, set, error }: Omit<Props, 'folded'>) {
  const outside = kind !== 'topic';
  return (
    <div className="grid gap-4 sm:grid-cols-2">
      {KINDS[kind].header && (
        <Field label="Signature header" optional help="Leave empty to use the default of this kind." error={problemAt(error, 'signature_header')}>
          {(tied) => <Input {...tied} value={form.signature_header} spellCheck={false} onChange={(event) => set({ signature_header: event.target.value })} />}
        </Field>
      )}
      {outside && kind !== 'adapter' && (
        <Field label="Delivery ID header" optional help="Tells repeated deliveries apart from new ones, such as X-GitHub-Delivery." error={problemAt(error, 'delivery_header')}>
          {(tied) => <Input {...tied} value={form.delivery_header} spellCheck={false} onChange={(event) => set({ delivery_header: event.target.value })} />}
        </Field>
      )}
      {kind === 'timestamped' && (
        <Field label="Maximum age of a request (seconds)" error={problemAt(error, 'tolerance_seconds')}>
          {(tied) => <Input {...tied} value={form.tolerance} type="number" min={1} max={3_600} required onChange={(event) => set({ tolerance: event.target.value })} />}
        </Field>
      )}
      <Field label="Deliveries per minute" error={problemAt(error, 'rate_per_minute')}>
        {(tied) => <Input {...tied} value={form.rate} type="number" min={1} max={60_000} required onChange={(event) => set({ rate: event.target.value })} />}
      </Field>
      {outside && (
        <Field label="Maximum body size (KiB)" error={problemAt(error, 'body_bytes')}>
          {(tied) => <Input {...tied} value={form.kib} type="number" min={1} max={2_048} step="any" required onChange={(event) => set({ kib: event.target.value })} />}
        </Field>
      )}
      <Field label="Keep deliveries for (days)" error={problemAt(error, 'retention_days')}>
        {(tied) => <Input {...tied} value={form.days} type="number" min={1} max={365} required onChange={(event) => set({ days: event.target.value })} />}
      </Field>
      {outside && (
        <Field label="Allowed networks" optional help="One per line, such as 192.0.2.0/24. Leave empty to accept deliveries from anywhere." error={problemAt(error, 'allowed_networks')} className="sm:col-span-2">
          {(tied) => <TextArea {...tied} value={form.networks} rows={2} spellCheck={false} className="font-mono text-xs" onChange={(event) => set({ networks: event.target.value })} />}
        </Field>
      )}
      <CheckField label="On" help="When off, senders get 404." checked={form.enabled} onChange={(event) => set({ enabled: event.target.checked })} />
    </div>
  );
}
