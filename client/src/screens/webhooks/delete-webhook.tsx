/** Deletes a webhook, at the end of its settings. */
import { getRouteApi } from '@tanstack/react-router';
import { api, call } from '@/api/client';
import type { Webhook } from '@/api/types';
import { useSave } from '@/lib/change';
import { DeleteButton } from '@/ui/delete-button';

const route = getRouteApi('/app/webhooks/$id');

/** The answer where an adapter unsubscribes first. */
const ACCEPTED = 202;

export function DeleteWebhook({ webhook }: { webhook: Webhook }) {
  const navigate = route.useNavigate();
  const isEnding = webhook.adapter?.status === 'ending';
  const remove = useSave(
    async () => {
      const answer = await api.DELETE('/api/webhooks/{id}', { params: { path: { id: webhook.id }, query: { force: isEnding } } });
      await call(Promise.resolve(answer));
      return answer.response.status;
    },
    {
      says: (status) =>
        status === ACCEPTED ? `“${webhook.name}” accepts nothing any more, and is deleted once its adapter has unsubscribed` : `“${webhook.name}” is deleted`,
      again: ['webhooks'],
    },
  );
  return (
    <DeleteButton
      name={webhook.name}
      typed={webhook.name}
      action={isEnding ? 'Delete now' : 'Delete'}
      onDelete={async () => {
        await remove.mutateAsync();
        await navigate({ to: '/webhooks' });
      }}
    >
      Its address, its secrets, its deliveries and its subscriptions are deleted for good. The sender gets an error from then on. Runs are kept.
      {isEnding && ' This does not wait for its adapter, so the other system may keep sending.'}
    </DeleteButton>
  );
}
