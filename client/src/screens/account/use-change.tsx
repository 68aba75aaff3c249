/** Changes to how one signs in; the server wants a fresh sign-in for most of them. */
import { useMutation, useQueryClient, type UseMutationResult } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { LogIn } from 'lucide-react';
import { forgetAll } from '@/api/queries';
import { api, call } from '@/api/client';
import { ProblemError } from '@/api/problem';
import { Button } from '@/ui/button';
import { FormError } from '@/ui/states';

export const ownSignInKey = ['own-sign-in'];

/** A change, after which the overview is read again. */
export function useChange<Input, Output>(
  change: (input: Input) => Promise<Output>,
  onDone?: (output: Output) => void,
): UseMutationResult<Output, Error, Input> {
  const client = useQueryClient();
  return useMutation({
    mutationFn: change,
    onSuccess: async (output) => {
      onDone?.(output);
      await client.invalidateQueries({ queryKey: ownSignInKey });
    },
  });
}

/** The error of a change; where the sign-in is too old, the way to another one. */
export function ChangeError({ error }: { error: unknown }) {
  const navigate = useNavigate();
  const client = useQueryClient();
  const again = async () => {
    await call(api.POST('/api/sign-out'));
    await navigate({ to: '/sign-in', search: { next: '/account' } });
    forgetAll(client);
  };
  const old = error instanceof ProblemError && error.code === 'sign_in_again';
  return (
    <>
      <FormError error={error} />
      {old && (
        <Button onClick={() => void again()}>
          <LogIn aria-hidden />
          Sign in again
        </Button>
      )}
    </>
  );
}
