/** Signing out, from wherever one is. */
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useRouter } from '@tanstack/react-router';
import { api, call } from '@/api/client';
import { forgetAll } from '@/api/queries';
import { failed } from '@/ui/toast';

/** Leads to the sign-in, and from there on to `next`. */
export function useSignOut(next?: string) {
  const router = useRouter();
  const client = useQueryClient();
  return useMutation({
    mutationFn: () => call(api.POST('/api/sign-out')),
    onSuccess: async () => {
      await router.navigate({ to: '/sign-in', search: next === undefined ? {} : { next } });
      forgetAll(client);
    },
    onError: failed,
  });
}
