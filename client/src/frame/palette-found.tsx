/** What is called by the letters in the palette: looked up once there are two, as far as one may read it. */
import { useQuery } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { CalendarClock, Plug, SlidersHorizontal, Table2, UserRound, Webhook } from 'lucide-react';
import type { ReactNode } from 'react';
import { configQuery, integrationsQuery, schedulesQuery, tablesQuery, usersQuery, webhooksQuery } from '@/api/queries';
import { useMay, useOrganization } from '@/api/session';
import { fitting } from './fitting';
import { Group, Item } from './palette-items';

/** So many of a kind are shown. */
const MOST = 6;
/** A list is believed for this long, in milliseconds. */
const staleTime = 30_000;

interface Props {
  letters: string;
  /** Closes the palette, then does this. */
  go: (action: () => unknown) => () => void;
}

interface Found {
  key: string;
  label: string;
  hint?: string;
  open: () => unknown;
}

export function Found({ letters, go }: Props) {
  const may = useMay();
  const organization = useOrganization();
  const navigate = useNavigate();
  const tables = useQuery({ ...tablesQuery(organization), staleTime, enabled: may('tables.read') });
  const integrations = useQuery({ ...integrationsQuery(organization), staleTime, enabled: may('integrations.manage') });
  const webhooks = useQuery({ ...webhooksQuery(organization), staleTime, enabled: may('webhooks.manage') });
  const users = useQuery({ ...usersQuery(organization), staleTime, enabled: may('users.read') });
  const config = useQuery({ ...configQuery(organization), staleTime, enabled: may('config.read') });
  const schedules = useQuery({ ...schedulesQuery(organization), staleTime, enabled: may('schedules.manage') });
  const rows = (heading: string, icon: ReactNode, found: Found[]) =>
    found.length > 0 && (
      <Group heading={heading}>
        {found.map(({ key, label, hint, open }) => (
          <Item key={key} value={`${heading} ${key}`} keywords={[label, hint ?? '']} icon={icon} onSelect={go(open)}>
            <span className="truncate">{label}</span>
            {hint !== undefined && <span className="truncate text-xs text-faint">{hint}</span>}
          </Item>
        ))}
      </Group>
    );
  return (
    <>
      {rows(
        'Tables',
        <Table2 aria-hidden />,
        fitting(tables.data ?? [], letters, ({ name }) => name, MOST).map(({ id, name }) => ({
          key: id,
          label: name,
          open: () => navigate({ to: '/tables/$id', params: { id } }),
        })),
      )}
      {rows(
        'Integrations',
        <Plug aria-hidden />,
        fitting(integrations.data ?? [], letters, ({ name }) => name, MOST).map(({ name }) => ({
          key: name,
          label: name,
          open: () => navigate({ to: '/integrations/$name', params: { name } }),
        })),
      )}
      {rows(
        'Webhooks',
        <Webhook aria-hidden />,
        fitting(webhooks.data ?? [], letters, ({ name }) => name, MOST).map(({ id, name }) => ({
          key: id,
          label: name,
          open: () => navigate({ to: '/webhooks/$id', params: { id } }),
        })),
      )}
      {rows(
        'Schedules',
        <CalendarClock aria-hidden />,
        fitting(schedules.data ?? [], letters, ({ name }) => name, MOST).map(({ id, name }) => ({
          key: id,
          label: name,
          open: () => navigate({ to: '/schedules', search: { edit: id } }),
        })),
      )}
      {rows(
        'Config & secrets',
        <SlidersHorizontal aria-hidden />,
        fitting(config.data ?? [], letters, ({ key }) => key, MOST).map(({ key }) => ({
          key,
          label: key,
          open: () => navigate({ to: '/config', search: { edit: key } }),
        })),
      )}
      {rows(
        'People',
        <UserRound aria-hidden />,
        fitting(users.data ?? [], letters, ({ name, email }) => `${name} ${email}`.trim(), MOST).map(({ id, name, email }) => ({
          key: id,
          label: name || email,
          ...(name === '' ? {} : { hint: email }),
          open: () => navigate({ to: '/people', search: { user: id } }),
        })),
      )}
    </>
  );
}
