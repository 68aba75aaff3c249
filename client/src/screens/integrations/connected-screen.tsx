/** Where authorization servers send people back to. Tells the page that waits, and goes. */
import { getRouteApi } from '@tanstack/react-router';
import { CircleCheck, CircleX } from 'lucide-react';
import { useEffect, useState } from 'react';
import { LinkButton } from '@/ui/button';
import { Shell } from '@/screens/sign-in/shell';
import { problemWords, tell } from './connect';

const route = getRouteApi('/connected');

export function ConnectedScreen() {
  const { integration, problem, detail } = route.useSearch();
  const [opened, setOpened] = useState(false);
  useEffect(() => {
    const mine = tell(problem, detail);
    setOpened(mine);
    if (mine) window.close();
  }, [problem, detail]);
  const good = problem === undefined;
  const Icon = good ? CircleCheck : CircleX;
  return (
    <Shell title={good ? 'Connected' : 'Not connected'}>
      <div className="flex items-start gap-2.5" role={good ? 'status' : 'alert'}>
        <Icon className={good ? 'mt-0.5 size-4 shrink-0 text-good' : 'mt-0.5 size-4 shrink-0 text-bad'} aria-hidden />
        <div className="grid gap-1 break-words">
          <p>
            {good
              ? `The platform has a token${integration === undefined ? '' : ` for ${integration}`} now, and renews it automatically.`
              : problemWords(problem, detail)}
          </p>
          {!good && <p className="text-ui text-muted">Go back to where you came from and try again.</p>}
          {opened && <p className="text-ui text-muted">You can close this window.</p>}
        </div>
      </div>
      {!opened &&
        (integration === undefined ? (
          <LinkButton to="/integrations" look="primary">
            Open integrations
          </LinkButton>
        ) : (
          <LinkButton to="/integrations/$name" params={{ name: integration }} look="primary">
            Open {integration}
          </LinkButton>
        ))}
    </Shell>
  );
}
