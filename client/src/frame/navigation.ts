/** What the sidebar and the palette offer, and who sees it. */
import {
  Activity,
  Bell,
  Building2,
  CalendarClock,
  ClipboardList,
  FileClock,
  Fingerprint,
  Folder,
  FolderCode,
  GitPullRequestArrow,
  Globe,
  House,
  KeyRound,
  Link2,
  Plug,
  ScrollText,
  Settings,
  ShieldCheck,
  SlidersHorizontal,
  Table2,
  Users,
  Webhook,
  Workflow,
  type LucideIcon,
} from 'lucide-react';
import type { Me, Permission } from '@/api/types';
import { may } from '@/api/session';

export interface Place {
  to:
    | '/'
    | '/workflows'
    | '/forms'
    | '/runs'
    | '/schedules'
    | '/config'
    | '/code'
    | '/integrations'
    | '/webhooks'
    | '/endpoints'
    | '/tables'
    | '/files'
    | '/people'
    | '/roles'
    | '/keys'
    | '/network'
    | '/notifications'
    | '/audit'
    | '/organizations'
    | '/reviews'
    | '/identity-providers'
    | '/operations'
    | '/settings';
  label: string;
  icon: LucideIcon;
  needs?: Permission;
}

export interface Group {
  label: string | undefined;
  places: Place[];
}

const GROUPS: Group[] = [
  {
    label: undefined,
    places: [
      { to: '/', label: 'Home', icon: House },
      { to: '/workflows', label: 'Workflows', icon: Workflow },
      { to: '/forms', label: 'Forms', icon: ClipboardList },
      { to: '/runs', label: 'Runs', icon: FileClock },
      { to: '/schedules', label: 'Schedules', icon: CalendarClock, needs: 'schedules.manage' },
      { to: '/code', label: 'Code', icon: FolderCode, needs: 'workspace.read' },
    ],
  },
  {
    label: 'Connections',
    places: [
      { to: '/integrations', label: 'Integrations', icon: Plug, needs: 'integrations.manage' },
      { to: '/webhooks', label: 'Webhooks', icon: Webhook, needs: 'webhooks.manage' },
      { to: '/endpoints', label: 'Endpoints', icon: Link2, needs: 'webhooks.manage' },
    ],
  },
  {
    label: 'Data',
    places: [
      { to: '/config', label: 'Config & secrets', icon: SlidersHorizontal, needs: 'config.read' },
      { to: '/tables', label: 'Tables', icon: Table2, needs: 'tables.read' },
      { to: '/files', label: 'Files', icon: Folder, needs: 'files.read' },
    ],
  },
  {
    label: 'Organization',
    places: [
      { to: '/people', label: 'People', icon: Users, needs: 'users.read' },
      { to: '/roles', label: 'Roles', icon: ShieldCheck, needs: 'users.read' },
      { to: '/keys', label: 'API keys', icon: KeyRound, needs: 'keys.manage' },
      { to: '/network', label: 'Network', icon: Globe, needs: 'config.read' },
      { to: '/notifications', label: 'Notifications', icon: Bell },
      { to: '/audit', label: 'Audit log', icon: ScrollText, needs: 'audit.read' },
    ],
  },
  {
    label: 'Platform',
    places: [
      { to: '/organizations', label: 'Organizations', icon: Building2, needs: 'platform.organizations' },
      { to: '/reviews', label: 'Reviews', icon: GitPullRequestArrow, needs: 'platform.enter' },
      { to: '/identity-providers', label: 'Identity providers', icon: Fingerprint, needs: 'platform.operate' },
      { to: '/operations', label: 'Operations', icon: Activity, needs: 'platform.operate' },
      { to: '/settings', label: 'Settings', icon: Settings, needs: 'platform.operate' },
    ],
  },
];

/** What somebody may open. */
export function placesFor(me: Me): Group[] {
  return GROUPS.map((group) => ({
    ...group,
    places: group.places.filter((place) => place.needs === undefined || may(me, place.needs)),
  })).filter((group) => group.places.length > 0);
}
