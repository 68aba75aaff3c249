/** Where one is signed in. */
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { LogOut, Monitor, Terminal } from 'lucide-react';
import { useState } from 'react';
import { api, call } from '@/api/client';
import { Badge } from '@/ui/badge';
import { Button } from '@/ui/button';
import { Card } from '@/ui/card';
import { Confirm } from '@/ui/confirm';
import { Show } from '@/ui/states';
import { Ago } from '@/ui/time';
import { done, failed } from '@/ui/toast';

const KEY = ['sessions'];

/** How a session began, where its code is no word that people use. */
const METHODS: Record<string, string> = {
  device: 'command-line sign-in',
  oidc: 'identity provider',
  password_change: 'password',
  set_up: 'set-up link',
};

export function Sessions() {
  const client = useQueryClient();
  const [asking, setAsking] = useState(false);
  const sessions = useQuery({ queryKey: KEY, queryFn: ({ signal }) => call(api.GET('/api/me/sessions', { signal })) });
  const refresh = () => client.invalidateQueries({ queryKey: KEY });
  const end = useMutation({
    mutationFn: (id: string) => call(api.DELETE('/api/me/sessions/{id}', { params: { path: { id } } })),
    onSuccess: async () => {
      done('The session was ended');
      await refresh();
    },
    onError: failed,
  });
  const endOthers = async () => {
    await call(api.DELETE('/api/me/sessions'));
    done('All other sessions were ended');
    await refresh();
  };
  return (
    <Card
      title="Sessions"
      padded={false}
      actions={
        <Button size="small" look="danger" onClick={() => setAsking(true)}>
          End all others
        </Button>
      }
    >
      <Show query={sessions}>
        {({ sessions: all }) => (
          <ul className="divide-y">
            {all.map((session) => {
              const Icon = session.kind === 'browser' ? Monitor : Terminal;
              return (
                <li key={session.id} className="flex items-center gap-3 px-4 py-2.5 text-ui">
                  <Icon className="size-4 shrink-0 text-muted" aria-hidden />
                  <div className="min-w-0 flex-1">
                    <p className="truncate font-medium" title={session.agent ?? undefined}>
                      {agentName(session.agent)}
                    </p>
                    <p className="text-xs text-muted">
                      {session.address ?? 'Unknown address'} · {METHODS[session.method] ?? session.method.replaceAll('_', ' ')} · last seen{' '}
                      <Ago at={session.last_seen_at} />
                    </p>
                  </div>
                  {session.is_current ? (
                    <Badge tone="accent">This session</Badge>
                  ) : (
                    <Button size="small" onClick={() => end.mutate(session.id)}>
                      <LogOut aria-hidden />
                      End
                    </Button>
                  )}
                </li>
              );
            })}
          </ul>
        )}
      </Show>
      <Confirm open={asking} onClose={() => setAsking(false)} title="End all other sessions?" action="End them" onConfirm={endOthers}>
        Every other browser and command line where you are signed in has to sign in again.
      </Confirm>
    </Card>
  );
}

/** `Firefox on Linux` in place of a line that nobody reads. */
function agentName(agent: string | null | undefined): string {
  if (agent == null || agent === '') return 'Unknown program';
  const browser = /(Edg|Firefox|Chrome|Safari)/.exec(agent)?.[1];
  const system = /(Windows|Mac OS X|Android|iPhone|iPad|Linux)/.exec(agent)?.[1];
  if (browser === undefined) return agent;
  return [browser.replace('Edg', 'Edge'), system?.replace('Mac OS X', 'macOS')].filter(Boolean).join(' on ');
}
