/** A new password: for the first administrator, for whoever was invited or got a link. */
import { useMutation } from '@tanstack/react-query';
import { useForm } from 'react-hook-form';
import { api, call } from '@/api/client';
import { ProblemError } from '@/api/problem';
import type { SignInState } from '@/api/types';
import { Button } from '@/ui/button';
import { Field, Input } from '@/ui/field';
import { FormError } from '@/ui/states';

export type Purpose = 'set-up' | 'invitation' | 'link';

/** Fewest characters, as the server has it. */
const LEAST = 10;

const BUTTONS: Record<Purpose, string> = {
  'set-up': 'Create the administrator',
  invitation: 'Accept the invitation',
  link: 'Set the password',
};

interface Values {
  email: string;
  name: string;
  password: string;
}

interface Props {
  purpose: Purpose;
  token: string;
  onState: (state: SignInState) => void;
}

function send(purpose: Purpose, token: string, { email, name, password }: Values): Promise<SignInState> {
  if (purpose === 'set-up') return call(api.POST('/api/set-up', { body: { token, email, name, password } }));
  if (purpose === 'link') return call(api.POST('/api/sign-in/link', { body: { token, password } }));
  const named = name.trim() === '' ? {} : { name: name.trim() };
  return call(api.POST('/api/sign-in/invitation', { body: { token, password, ...named } }));
}

export function NewPasswordForm({ purpose, token, onState }: Props) {
  const { register, handleSubmit } = useForm<Values>({ defaultValues: { email: '', name: '', password: '' } });
  const set = useMutation({
    mutationFn: (values: Values) => send(purpose, token, values),
    onSuccess: onState,
  });
  const problem = set.error instanceof ProblemError ? set.error : undefined;
  const errorOf = (field: string) => (problem?.field === field ? problem.message : undefined);
  return (
    <form className="grid gap-4" onSubmit={handleSubmit((values) => set.mutate(values))}>
      <FormError error={set.error} />
      {purpose === 'set-up' && (
        <Field label="E-mail" error={errorOf('email')}>
          {(tied) => (
            <Input {...tied} {...register('email')} type="email" autoComplete="username" required autoFocus />
          )}
        </Field>
      )}
      {purpose !== 'link' && (
        <Field label="Name" optional={purpose === 'invitation'} error={errorOf('name')}>
          {(tied) => (
            <Input {...tied} {...register('name')} autoComplete="name" required={purpose === 'set-up'} />
          )}
        </Field>
      )}
      <Field
        label={purpose === 'link' ? 'New password' : 'Password'}
        help={`At least ${LEAST} characters. A few words make a good password.`}
        error={errorOf('password')}
      >
        {(tied) => (
          <Input
            {...tied}
            {...register('password')}
            type="password"
            autoComplete="new-password"
            minLength={LEAST}
            required
          />
        )}
      </Field>
      <Button type="submit" look="primary" size="large" busy={set.isPending}>
        {BUTTONS[purpose]}
      </Button>
    </form>
  );
}
