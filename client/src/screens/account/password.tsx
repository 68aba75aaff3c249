/** Changes the password. */
import { useForm } from 'react-hook-form';
import { api, call } from '@/api/client';
import { Button } from '@/ui/button';
import { Card } from '@/ui/card';
import { Field, Input } from '@/ui/field';
import { done } from '@/ui/toast';
import { ChangeError, useChange } from './use-change';

interface Values {
  current: string;
  next: string;
}

export function Password({ hasPassword }: { hasPassword: boolean }) {
  const { register, handleSubmit, reset } = useForm<Values>({ defaultValues: { current: '', next: '' } });
  const change = useChange(
    ({ current, next }: Values) =>
      call(
        api.PUT('/api/me/password', {
          body: { new_password: next, ...(hasPassword ? { current_password: current } : {}) },
        }),
      ),
    () => {
      reset();
      done('The password is changed', 'All your other sessions were ended.');
    },
  );
  return (
    <Card title="Password">
      <form className="grid gap-4" onSubmit={handleSubmit((values) => change.mutate(values))}>
        <ChangeError error={change.error} />
        {hasPassword && (
          <Field label="Current password" className="max-w-sm">
            {(tied) => (
              <Input {...tied} {...register('current')} type="password" autoComplete="current-password" required />
            )}
          </Field>
        )}
        <Field label="New password" help="At least 10 characters. A few words make a good password." className="max-w-sm">
          {(tied) => (
            <Input {...tied} {...register('next')} type="password" autoComplete="new-password" minLength={10} required />
          )}
        </Field>
        <div className="flex justify-end">
          <Button type="submit" look="primary" busy={change.isPending}>
            {hasPassword ? 'Change password' : 'Set a password'}
          </Button>
        </div>
      </form>
    </Card>
  );
}
