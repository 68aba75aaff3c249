/** Permissions in words, by the area of the platform that they are about. */
import type { Permission } from '@/api/types';

interface Words {
  area: string;
  label: string;
}

const WORDS: Record<Permission, Words> = {
  'workflows.run': { area: 'Workflows', label: 'Run all workflows' },
  'schedules.manage': { area: 'Workflows', label: 'Manage schedules' },
  'executions.read': { area: 'Runs', label: 'See everybody’s runs' },
  'executions.manage': { area: 'Runs', label: 'Cancel and repeat everybody’s runs' },
  'forms.manage': { area: 'Forms', label: 'Manage forms' },
  'workspace.read': { area: 'Workspace', label: 'Read code' },
  'workspace.draft': { area: 'Workspace', label: 'Run drafts' },
  'workspace.deploy': { area: 'Workspace', label: 'Deploy code' },
  'workspace.review': { area: 'Workspace', label: 'Review deploys' },
  'integrations.manage': { area: 'Connections', label: 'Manage integrations' },
  'webhooks.manage': { area: 'Connections', label: 'Manage webhooks and endpoints' },
  'config.read': { area: 'Data', label: 'Read settings' },
  'config.write': { area: 'Data', label: 'Change settings and secrets' },
  'tables.read': { area: 'Data', label: 'Read tables' },
  'tables.write': { area: 'Data', label: 'Change tables' },
  'files.read': { area: 'Data', label: 'Read files' },
  'files.write': { area: 'Data', label: 'Change files' },
  'users.read': { area: 'Organization', label: 'See people and roles' },
  'users.manage': { area: 'Organization', label: 'Manage people' },
  'roles.manage': { area: 'Organization', label: 'Manage roles and grants' },
  'keys.manage': { area: 'Organization', label: 'Manage API keys' },
  'audit.read': { area: 'Organization', label: 'Read the audit log' },
  'organization.manage': { area: 'Organization', label: 'Manage the organization’s policies' },
  'platform.organizations': { area: 'Platform', label: 'Manage organizations' },
  'platform.enter': { area: 'Platform', label: 'Act within any organization' },
  'platform.operate': { area: 'Platform', label: 'Operate the platform' },
};

const ORDER = Object.keys(WORDS);

/** What a permission allows, in a few words. */
export const permissionLabel = (name: Permission): string => WORDS[name].label;

/** Permissions by their areas, each in its usual place. */
export function byArea(names: readonly Permission[]): [area: string, names: Permission[]][] {
  const areas = new Map<string, Permission[]>();
  for (const name of names.toSorted((one, other) => ORDER.indexOf(one) - ORDER.indexOf(other))) {
    const { area } = WORDS[name];
    areas.set(area, [...(areas.get(area) ?? []), name]);
  }
  return [...areas];
}
