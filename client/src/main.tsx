/** Starts the web UI. */
import { MutationCache, QueryCache, QueryClient, QueryClientProvider } from '@tanstack/react-query';
import { RouterProvider } from '@tanstack/react-router';
import { startTransition, StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { isSignedOut, lacksSecondFactor, ProblemError } from '@/api/problem';
import { loadBranding } from '@/lib/branding';
import { shareNonce } from '@/lib/nonce';
import { later } from '@/lib/later';
import { createAppRouter } from '@/router';
import { TipProvider } from '@/ui/tip';
import './styles.css';

shareNonce();
void loadBranding();

const Toasts = later(() => import('@/ui/toasts'));

/** Where one comes in: nobody is led there from there. */
const ENTRANCES = ['/sign-in', '/second-factor'];

/** Whoever is signed out while a page is open signs in again, or adds what is asked for, and comes back to it. */
function signedOut(error: unknown): void {
  if (!(isSignedOut(error) || lacksSecondFactor(error)) || ENTRANCES.includes(location.pathname)) return;
  const search = { next: location.pathname + location.search };
  client.clear();
  if (isSignedOut(error)) void router.navigate({ to: '/sign-in', search });
  else void router.navigate({ to: '/second-factor', search });
}

const client = new QueryClient({
  queryCache: new QueryCache({ onError: signedOut }),
  mutationCache: new MutationCache({ onError: signedOut }),
  defaultOptions: {
    queries: {
      staleTime: 10_000,
      retry: (attempts, error) => attempts < 2 && !(error instanceof ProblemError && error.status < 500),
    },
  },
});

const router = createAppRouter(client);

declare module '@tanstack/react-router' {
  interface Register {
    router: typeof router;
  }
}

const root = document.getElementById('root');
if (root !== null) {
  const program = (
    <StrictMode>
      <QueryClientProvider client={client}>
        <TipProvider delayDuration={350}>
          <RouterProvider router={router} />
          <Toasts />
        </TipProvider>
      </QueryClientProvider>
    </StrictMode>
  );
  // Who is signed in and what the screen is are known before anything is drawn: it is drawn once, and in small steps,
  // between which the browser can paint and answer.
  void Promise.resolve().then(() => router.load()).finally(() => startTransition(() => createRoot(root).render(program)));
}
