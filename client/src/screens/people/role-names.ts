/** Built-in roles in words. */
import type { Role } from '@/api/types';

export const ROLE_NAMES: Record<Role, string> = {
  org_guest: 'Guest',
  org_user: 'User',
  org_admin: 'Administrator',
  platform_admin: 'Platform administrator',
};

export const ROLE_HELP: Record<Role, string> = {
  org_guest: 'Runs the workflows that were granted to them, and sees their own runs.',
  org_user: 'Runs every workflow, and sees their own runs.',
  org_admin: 'Does everything within the organization.',
  platform_admin: 'Does everything in every organization.',
};

/** Roles, the one with the least rights first. */
export const ROLES = ['org_guest', 'org_user', 'org_admin', 'platform_admin'] as const satisfies readonly Role[];
