/** The code of an authenticator app, or a recovery code. */
import { useMutation } from '@tanstack/react-query';
import { useForm } from 'react-hook-form';
import { api, call } from '@/api/client';
import type { SignInState } from '@/api/types';
import { Button } from '@/ui/button';
import { Field, Input } from '@/ui/field';
import { FormError } from '@/ui/states';

/** Six digits, as an app shows them; everything else is a recovery code. */
const CODE = /^\d{3} ?\d{3}$/;

export function SecondFactorForm({ onState }: { onState: (state: SignInState) => void }) {
  const { register, handleSubmit } = useForm({ defaultValues: { code: '' } });
  const confirm = useMutation({
    mutationFn: (entered: string) => {
      const text = entered.trim();
      const body = CODE.test(text) ? { code: text.replace(' ', '') } : { recovery_code: text };
      return call(api.POST('/api/sign-in/second-factor', { body }));
    },
    onSuccess: onState,
  });
  return (
    <form className="grid gap-4" onSubmit={handleSubmit(({ code }) => confirm.mutate(code))}>
      <FormError error={confirm.error} />
      <Field label="Code" help="The six digits from your authenticator app, or one of your recovery codes.">
        {(tied) => (
          <Input
            {...tied}
            {...register('code')}
            autoComplete="one-time-code"
            autoCapitalize="off"
            spellCheck={false}
            required
            autoFocus
            className="font-mono tracking-widest"
          />
        )}
      </Field>
      <Button type="submit" look="primary" size="large" busy={confirm.isPending}>
        Continue
      </Button>
    </form>
  );
}
