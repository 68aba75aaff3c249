/** What an entry is about: its kind in words, its name, and the way to its screen. */
import { Link, linkOptions } from '@tanstack/react-router';
import { useUserName } from '@/api/names';
import { useMay } from '@/api/session';
import type { AuditEntry } from '@/api/types';
import { isSecret, readable } from './actions';

const KINDS: Record<string, string> = {
  config: 'Setting',
  delivery: 'Webhook delivery',
  execution: 'Run',
  key: 'API key',
  oauth_connection: 'OAuth connection',
  path: 'Address',
  scope: 'Organization',
  settings: 'Settings',
};

const UUID = /^[\da-f]{8}-[\da-f]{4}-[\da-f]{4}-[\da-f]{4}-[\da-f]{12}$/i;

type Details = AuditEntry['details'];

const textOf = (value: unknown): string | undefined => (typeof value === 'string' && value !== '' ? value : undefined);

/** What the details call it; of a change, what it is called now. */
function nameOf({ name, email }: Details): string | undefined {
  const now = typeof name === 'object' && name !== null && 'to' in name ? name.to : name;
  return textOf(now) ?? textOf(email);
}

/** The screen of a target, where there is one. */
function placeOf(kind: string, id: string, { number, name }: Details) {
  switch (kind) {
    case 'config':
      return linkOptions({ to: '/config', search: { q: id } });
    case 'endpoint':
      return linkOptions({ to: '/endpoints', search: { edit: id } });
    case 'execution':
      return linkOptions({ to: '/runs/$id', params: { id } });
    case 'form':
      return linkOptions({ to: '/forms/$id', params: { id } });
    case 'identity_provider':
      return linkOptions({ to: '/identity-providers', search: { edit: id } });
    case 'integration': {
      const called = textOf(name) ?? (UUID.test(id) ? undefined : id);
      return called === undefined ? undefined : linkOptions({ to: '/integrations/$name', params: { name: called } });
    }
    case 'invitation':
      return linkOptions({ to: '/people', search: { tab: 'invitations' } });
    case 'key':
      return linkOptions({ to: '/keys', search: { all: '1' } });
    case 'notification_channel':
      return linkOptions({ to: '/notifications', search: { tab: 'channels', edit: id } });
    case 'notification_rule':
      return linkOptions({ to: '/notifications', search: { tab: 'rules', edit: id } });
    case 'organization':
      return linkOptions({ to: '/organizations/$id', params: { id } });
    case 'role':
      return linkOptions({ to: '/roles', search: { edit: id } });
    case 'schedule':
      return linkOptions({ to: '/schedules', search: { edit: id } });
    case 'settings':
      return linkOptions({ to: '/settings' });
    case 'table':
      return linkOptions({ to: '/tables/$id', params: { id } });
    case 'user':
      return linkOptions({ to: '/people', search: { user: id, inactive: '1' } });
    case 'version':
      return typeof number === 'number' ? linkOptions({ to: '/code/versions/$number', params: { number: String(number) } }) : undefined;
    case 'webhook':
      return linkOptions({ to: '/webhooks/$id', params: { id } });
    case 'workflow':
      return linkOptions({ to: '/workflows/$id', params: { id } });
    default:
      return undefined;
  }
}

/** Kinds whose screens are the platform's. */
const OF_PLATFORM = ['organization', 'identity_provider', 'settings'];

export function Target({ target, entry }: { target: string; entry: AuditEntry }) {
  const may = useMay();
  const userName = useUserName();
  const at = target.indexOf(':');
  const kind = target.slice(0, Math.max(at, 0));
  const id = target.slice(at + 1);
  const { action, details } = entry;
  const isGone = action === `${kind}.delete`;
  const isClosed = OF_PLATFORM.includes(kind) && !may('platform.organizations');
  const place = isGone || isClosed ? undefined : placeOf(kind, id, details);
  const name = (): string | undefined => {
    if (kind === 'version' && typeof details.number === 'number') return String(details.number);
    // The name in the details may be that of a passkey of theirs.
    if (kind === 'user' && !action.startsWith('user.')) return userName(id);
    return nameOf(details) ?? (UUID.test(id) ? undefined : id);
  };
  const named = name();
  const shown = (
    <>
      {kind === 'config' && isSecret(entry) ? 'Secret' : (KINDS[kind] ?? readable(kind))}{' '}
      {named === undefined ? <code className="font-mono">{id.slice(0, 8)}…</code> : <span className="break-all">{named}</span>}
    </>
  );
  return place === undefined ? (
    <span title={target}>{shown}</span>
  ) : (
    <Link {...place} title={target} className="relative z-10 rounded text-accent-text underline decoration-line-strong underline-offset-2 hover:decoration-current">
      {shown}
    </Link>
  );
}
