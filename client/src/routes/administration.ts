/** Screens of people, organizations and the platform. */
import { createRoute, lazyRouteComponent } from '@tanstack/react-router';
import { oneOf, positive, text, uuid } from '@/lib/search';
import { app } from './frame';
import { clean, type AuditSearch, type NotificationsSearch, type Raw } from './search';

export const account = createRoute({
  getParentRoute: () => app,
  path: '/account',
  component: lazyRouteComponent(() => import('@/screens/account/account-screen'), 'AccountScreen'),
});

export const people = createRoute({
  getParentRoute: () => app,
  path: '/people',
  validateSearch: (raw: Raw): { tab?: 'invitations' | 'services'; q?: string; inactive?: '1'; user?: string; add?: 'person' | 'service'; sort?: string } =>
    clean({
      tab: oneOf(['invitations', 'services'], raw.tab),
      q: text(raw.q),
      inactive: oneOf(['1'], raw.inactive),
      user: uuid(raw.user),
      add: oneOf(['person', 'service'], raw.add),
      sort: text(raw.sort),
    }),
  component: lazyRouteComponent(() => import('@/screens/people/people-screen'), 'PeopleScreen'),
});

export const roles = createRoute({
  getParentRoute: () => app,
  path: '/roles',
  validateSearch: (raw: Raw): { tab?: 'grants'; edit?: string } =>
    clean({ tab: oneOf(['grants'], raw.tab), edit: text(raw.edit) }),
  component: lazyRouteComponent(() => import('@/screens/roles/roles-screen'), 'RolesScreen'),
});

export const keys = createRoute({
  getParentRoute: () => app,
  path: '/keys',
  validateSearch: (raw: Raw): { all?: '1'; sort?: string } =>
    clean({ all: oneOf(['1'], raw.all), sort: text(raw.sort) }),
  component: lazyRouteComponent(() => import('@/screens/keys/keys-screen'), 'KeysScreen'),
});

export const network = createRoute({
  getParentRoute: () => app,
  path: '/network',
  component: lazyRouteComponent(() => import('@/screens/network/network-screen'), 'NetworkScreen'),
});

export const notifications = createRoute({
  getParentRoute: () => app,
  path: '/notifications',
  validateSearch: (raw: Raw): NotificationsSearch =>
    clean({
      tab: oneOf(['rules', 'channels'], raw.tab),
      edit: text(raw.edit),
      unread: oneOf(['1'], raw.unread),
      cursor: text(raw.cursor),
    }),
  component: lazyRouteComponent(() => import('@/screens/notifications/notifications-screen'), 'NotificationsScreen'),
});

export const audit = createRoute({
  getParentRoute: () => app,
  path: '/audit',
  validateSearch: (raw: Raw): AuditSearch =>
    clean({
      actor: text(raw.actor),
      action: text(raw.action),
      target: text(raw.target),
      since: text(raw.since),
      until: text(raw.until),
      cursor: positive(raw.cursor),
    }),
  component: lazyRouteComponent(() => import('@/screens/audit/audit-screen'), 'AuditScreen'),
});

export const organizations = createRoute({
  getParentRoute: () => app,
  path: '/organizations',
  validateSearch: (raw: Raw): { q?: string; sort?: string } => clean({ q: text(raw.q), sort: text(raw.sort) }),
  component: lazyRouteComponent(() => import('@/screens/organizations/organizations-screen'), 'OrganizationsScreen'),
});

export const organization = createRoute({
  getParentRoute: () => app,
  path: '/organizations/$id',
  component: lazyRouteComponent(() => import('@/screens/organizations/organization-screen'), 'OrganizationScreen'),
});

export const reviews = createRoute({
  getParentRoute: () => app,
  path: '/reviews',
  component: lazyRouteComponent(() => import('@/screens/reviews/reviews-screen'), 'ReviewsScreen'),
});

export const providers = createRoute({
  getParentRoute: () => app,
  path: '/identity-providers',
  validateSearch: (raw: Raw): { edit?: string } => clean({ edit: text(raw.edit) }),
  component: lazyRouteComponent(() => import('@/screens/providers/providers-screen'), 'ProvidersScreen'),
});

export const operations = createRoute({
  getParentRoute: () => app,
  path: '/operations',
  validateSearch: (raw: Raw): { state?: 'retried' | 'failed'; replayed?: 'yes' | 'no'; cursor?: string } =>
    clean({
      state: oneOf(['retried', 'failed'], raw.state),
      replayed: oneOf(['yes', 'no'], raw.replayed),
      cursor: uuid(raw.cursor),
    }),
  component: lazyRouteComponent(() => import('@/screens/operations/operations-screen'), 'OperationsScreen'),
});

export const settings = createRoute({
  getParentRoute: () => app,
  path: '/settings',
  component: lazyRouteComponent(() => import('@/screens/settings/settings-screen'), 'SettingsScreen'),
});

export const about = createRoute({
  getParentRoute: () => app,
  path: '/about',
  component: lazyRouteComponent(() => import('@/screens/about/about-screen'), 'AboutScreen'),
});
