/** E-mail and password, passkeys, and the buttons of identity providers. */
import { useMutation } from '@tanstack/react-query';
import { Fingerprint, LogIn } from 'lucide-react';
import { useForm } from 'react-hook-form';
import { api, call } from '@/api/client';
import { ProblemError } from '@/api/problem';
import type { SignInOptions, SignInState } from '@/api/types';
import { canUsePasskeys } from '@/lib/passkeys';
import { Button } from '@/ui/button';
import { Field, Input } from '@/ui/field';
import { FormError } from '@/ui/states';
import { signInWithPasskey } from './passkey';

interface Props {
  options: SignInOptions;
  next: string;
  onState: (state: SignInState) => void;
}

interface Values {
  email: string;
  password: string;
  organization: string;
}

export function PasswordForm({ options, next, onState }: Props) {
  const { register, handleSubmit } = useForm<Values>({ defaultValues: { email: '', password: '', organization: '' } });
  const signIn = useMutation({
    mutationFn: ({ email, password, organization }: Values) =>
      call(
        api.POST('/api/sign-in/password', {
          body: { email, password, ...(organization === '' ? {} : { organization }) },
        }),
      ),
    onSuccess: onState,
  });
  const passkey = useMutation({ mutationFn: signInWithPasskey, onSuccess: onState });
  const several = signIn.error instanceof ProblemError && signIn.error.code === 'several_accounts';
  const others = options.providers.length > 0 || (options.passkeys && canUsePasskeys());
  return (
    <>
      <FormError error={signIn.error ?? passkey.error} />
      <form className="grid gap-4" onSubmit={handleSubmit((values) => signIn.mutate(values))}>
        <Field label="E-mail">
          {(tied) => (
            <Input {...tied} {...register('email')} type="email" autoComplete="username" required autoFocus />
          )}
        </Field>
        <Field label="Password">
          {(tied) => (
            <Input {...tied} {...register('password')} type="password" autoComplete="current-password" required />
          )}
        </Field>
        {several && (
          <Field label="Organization" help="Its name, or its e-mail domain.">
            {(tied) => <Input {...tied} {...register('organization')} autoComplete="organization" required />}
          </Field>
        )}
        <Button type="submit" look="primary" size="large" busy={signIn.isPending}>
          Sign in
        </Button>
      </form>
      {others && (
        <div className="grid gap-2">
          <div className="flex items-center gap-3 py-1 text-xs text-muted before:h-px before:flex-1 before:bg-line after:h-px after:flex-1 after:bg-line">
            or
          </div>
          {options.passkeys && canUsePasskeys() && (
            <Button size="large" busy={passkey.isPending} onClick={() => passkey.mutate()}>
              <Fingerprint aria-hidden />
              Sign in with a passkey
            </Button>
          )}
          <Providers options={options} next={next} />
        </div>
      )}
      <p className="text-xs text-muted">
        Forgotten your password? An administrator of your organization can send you a link.
      </p>
    </>
  );
}

interface ProvidersProps {
  options: SignInOptions;
  next: string;
  invitation?: string;
}

/** One button for each identity provider; each leads away and back. */
export function Providers({ options, next, invitation }: ProvidersProps) {
  const leave = (id: string) => {
    const query = new URLSearchParams({ return_to: next, ...(invitation === undefined ? {} : { invitation }) });
    location.assign(`/api/sign-in/providers/${id}?${query.toString()}`);
  };
  return options.providers.map(({ id, name }) => (
    <Button key={id} size="large" onClick={() => leave(id)}>
      <LogIn aria-hidden />
      Sign in with {name}
    </Button>
  ));
}
