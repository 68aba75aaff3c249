/** What all screens are in: the address of an organization, signing in, the frame. */
import type { QueryClient } from '@tanstack/react-query';
import {
  createRootRouteWithContext,
  createRoute,
  lazyRouteComponent,
  Outlet,
  redirect,
  retainSearchParams,
} from '@tanstack/react-router';
import { setOrganization } from '@/api/client';
import { isSignedOut, lacksSecondFactor, ProblemError } from '@/api/problem';
import { meQuery } from '@/api/session';
import { NotFound } from '@/frame/fallbacks';
import { Frame } from '@/frame/frame';
import { live } from '@/frame/live';
import { text, uuid } from '@/lib/search';
import { clean, localPath, type Raw } from './search';

export const root = createRootRouteWithContext<{ client: QueryClient }>()({
  validateSearch: (raw: Raw): { org?: string } => clean({ org: uuid(raw.org) }),
  search: { middlewares: [retainSearchParams(['org'])] },
  component: Outlet,
  notFoundComponent: NotFound,
});

export const signIn = createRoute({
  getParentRoute: () => root,
  path: '/sign-in',
  validateSearch: (raw: Raw): { next?: string; problem?: string } =>
    clean({ next: localPath(raw.next), problem: text(raw.problem) }),
  // Whoever signs in may not know the organization that was looked at before.
  beforeLoad: () => setOrganization(undefined),
  component: lazyRouteComponent(() => import('@/screens/sign-in/sign-in-screen'), 'SignInScreen'),
});

export const secondFactor = createRoute({
  getParentRoute: () => root,
  path: '/second-factor',
  validateSearch: (raw: Raw): { next?: string } => clean({ next: localPath(raw.next) }),
  beforeLoad: () => setOrganization(undefined),
  component: lazyRouteComponent(() => import('@/screens/sign-in/add-factor-screen'), 'AddFactorScreen'),
});

export const app = createRoute({
  getParentRoute: () => root,
  id: 'app',
  component: Frame,
  beforeLoad: async ({ context, search, location }) => {
    setOrganization(search.org);
    live.setOrganization(search.org);
    try {
      await context.client.ensureQueryData(meQuery);
    } catch (error) {
      if (isSignedOut(error)) throw redirect({ to: '/sign-in', search: { next: location.href } });
      if (lacksSecondFactor(error)) throw redirect({ to: '/second-factor', search: { next: location.href } });
      // An organization that is gone: back to the own one.
      if (search.org !== undefined && error instanceof ProblemError && error.status === 404) {
        throw redirect({ to: '/', search: { org: undefined } });
      }
      throw error;
    }
  },
});
