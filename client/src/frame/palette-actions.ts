/** What the palette does, beside leading somewhere. */
import type { UseNavigateResult } from '@tanstack/react-router';
import { CalendarClock, ClipboardList, FilePlus, KeyRound, MailPlus, Table2, type LucideIcon } from 'lucide-react';
import type { Permission } from '@/api/types';

type Navigate = UseNavigateResult<string>;

export interface Action {
  label: string;
  /** Other words for it. */
  words: string[];
  icon: LucideIcon;
  needs: Permission;
  run: (navigate: Navigate) => unknown;
}

const ACTIONS: Action[] = [
  {
    label: 'New workflow',
    words: ['code', 'file', 'editor', 'make', 'create', 'add'],
    icon: FilePlus,
    needs: 'workspace.draft',
    run: (navigate) => navigate({ to: '/code/edit', search: { make: '1' } }),
  },
  {
    label: 'New form',
    words: ['make', 'create', 'add'],
    icon: ClipboardList,
    needs: 'forms.manage',
    run: (navigate) => navigate({ to: '/forms/new' }),
  },
  {
    label: 'New schedule',
    words: ['cron', 'clock', 'make', 'create', 'add'],
    icon: CalendarClock,
    needs: 'schedules.manage',
    run: (navigate) => navigate({ to: '/schedules', search: { edit: 'new' } }),
  },
  {
    label: 'New setting or secret',
    words: ['config', 'password', 'key', 'make', 'create', 'add'],
    icon: KeyRound,
    needs: 'config.write',
    run: (navigate) => navigate({ to: '/config', search: { edit: '+' } }),
  },
  {
    label: 'New table',
    words: ['data', 'make', 'create', 'add'],
    icon: Table2,
    needs: 'tables.write',
    run: (navigate) => navigate({ to: '/tables', search: { edit: 'new' } }),
  },
  {
    label: 'Invite a person',
    words: ['user', 'people', 'add'],
    icon: MailPlus,
    needs: 'users.manage',
    run: (navigate) => navigate({ to: '/people', search: { add: 'person' } }),
  },
];

/** What somebody may do. */
export const actionsFor = (may: (permission: Permission) => boolean): Action[] => ACTIONS.filter(({ needs }) => may(needs));
