/** Of whom a second factor is asked, and the way to identity providers. */
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { Fingerprint } from 'lucide-react';
import { useId, useState } from 'react';
import { api, call } from '@/api/client';
import type { Schemas } from '@/api/types';
import { Button, LinkButton } from '@/ui/button';
import { Card } from '@/ui/card';
import { FormError } from '@/ui/states';
import { done } from '@/ui/toast';
import { settingsQuery } from './queries';

type Policy = Schemas['SecondFactorPolicy'];

const POLICIES: { policy: Policy; label: string; help: string }[] = [
  { policy: 'off', label: 'Not required', help: 'Only people who have added one are asked for it.' },
  { policy: 'administrators', label: 'Required of administrators', help: 'Administrators of organizations and of the platform have to add one.' },
  { policy: 'everyone', label: 'Required of everyone', help: 'Whoever has none must add one before anything else works.' },
];

export function SignInCard({ policy }: { policy: Policy }) {
  const client = useQueryClient();
  const legend = useId();
  const [chosen, setChosen] = useState(policy);
  const save = useMutation({
    mutationFn: (second_factor: Policy) => call(api.PUT('/api/settings/sign-in', { body: { second_factor } })),
    onSuccess: async () => {
      done('The policy is saved', 'It applies within five seconds, also to people who are signed in already.');
      await client.invalidateQueries({ queryKey: settingsQuery.queryKey });
    },
  });
  return (
    <Card
      title="Sign-in"
      actions={
        <LinkButton size="small" to="/identity-providers">
          <Fingerprint aria-hidden />
          Identity providers
        </LinkButton>
      }
    >
      <form
        className="grid gap-4"
        onSubmit={(event) => {
          event.preventDefault();
          save.mutate(chosen);
        }}
      >
        <FormError error={save.error} />
        <fieldset className="grid gap-3">
          <legend className="mb-2 text-ui font-medium">A second factor for people who sign in with a password</legend>
          {POLICIES.map((one) => (
            <div key={one.policy} className="flex items-start gap-2.5">
              <input
                id={`${legend}-${one.policy}`}
                type="radio"
                name={legend}
                checked={chosen === one.policy}
                onChange={() => setChosen(one.policy)}
                aria-describedby={`${legend}-${one.policy}-help`}
                className="mt-0.5 size-4 shrink-0"
              />
              <div className="grid gap-0.5">
                <label htmlFor={`${legend}-${one.policy}`} className="text-ui font-medium">
                  {one.label}
                </label>
                <p id={`${legend}-${one.policy}-help`} className="text-xs text-muted">
                  {one.help}
                </p>
              </div>
            </div>
          ))}
        </fieldset>
        <p className="text-xs text-muted">
          A passkey counts as two factors. Identity providers ask for their own second factor. API keys are for programs and keep working.
        </p>
        <div className="flex justify-end">
          <Button type="submit" look="primary" busy={save.isPending} disabled={chosen === policy}>
            Save
          </Button>
        </div>
      </form>
    </Card>
  );
}
