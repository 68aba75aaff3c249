/** Signing out, from wherever one is. */
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useRouter } from '@tanstack/react-router';
import { api, call } from '@/api/client';
import { forgetAll } from '@/api/queries';
import { failed } from '@/ui/toast';

export function useSignOut(): () => void {
  const router = useRouter();
  const client = useQueryClient();
  const signOut = useMutation({
    mutationFn: () => call(api.POST('/api/sign-out')),
    onSuccess: async () => {
      await router.navigate({ to: '/sign-in', search: {} });
      forgetAll(client);
    },
    onError: failed,
  });
  return () => signOut.mutate();
}
