/** How it goes with the adapter of a webhook: its subscription, and what failed. Nothing where there is nothing to tell. */
import { RefreshCw } from 'lucide-react';
import { api, call } from '@/api/client';
import type { AdapterChoice } from '@/api/types';
import { useSave } from '@/lib/change';
import { Button } from '@/ui/button';
import { Card } from '@/ui/card';
import { Notice } from '@/ui/notice';
import { Ago } from '@/ui/time';
import { AdapterBadge } from './states';

interface Props {
  /** Of the webhook. */
  id: string;
  adapter: AdapterChoice;
}

export function AdapterState({ id, adapter }: Props) {
  const { name, status, subscribes, is_deployed, expires_at, next_at, attempts, last_error, failed_at } = adapter;
  const again = useSave(() => call(api.POST('/api/webhooks/{id}/subscribe', { params: { path: { id } } })), {
    says: () => 'The adapter is subscribing',
    again: ['webhooks'],
    loud: true,
  });
  const isQuiet = is_deployed && !subscribes && status === 'active' && last_error == null && adapter.last_request_error == null;
  if (isQuiet) return null;
  return (
    <Card>
      <div className="grid gap-3">
        <div className="flex flex-wrap items-center gap-x-3 gap-y-1.5 text-ui">
          <span className="font-medium">{name}</span>
          <AdapterBadge adapter={adapter} />
          {expires_at != null && (
            <span className="text-muted">
              valid until <Ago at={expires_at} />
            </span>
          )}
          {next_at != null && (
            <span className="text-muted">
              {NEXT[status]} <Ago at={next_at} />
              {attempts > 0 && `, attempt ${attempts + 1}`}
            </span>
          )}
          {subscribes && status !== 'ending' && (
            <Button size="small" className="ml-auto" busy={again.isPending} onClick={() => again.mutate()}>
              <RefreshCw aria-hidden />
              {status === 'active' ? 'Renew now' : 'Try now'}
            </Button>
          )}
        </div>
        {!is_deployed && (
          <Notice tone="bad">The active version no longer has this adapter. Senders are told to try again later.</Notice>
        )}
        {last_error != null && <Failed what="The last attempt failed" at={failed_at} why={last_error} />}
        {adapter.last_request_error != null && (
          <Failed what="A request could not be answered" at={adapter.request_failed_at} why={adapter.last_request_error} />
        )}
      </div>
    </Card>
  );
}

const NEXT: Record<AdapterChoice['status'], string> = {
  pending: 'subscribes',
  active: 'renews',
  failed: 'next attempt',
  ending: 'unsubscribes',
};

function Failed({ what, at, why }: { what: string; at: string | null | undefined; why: string }) {
  return (
    <Notice tone="bad">
      <p>
        {what}
        {at != null && (
          <>
            {' '}
            <Ago at={at} />
          </>
        )}
        :
      </p>
      <p className="font-mono text-xs whitespace-pre-wrap">{why}</p>
    </Notice>
  );
}
