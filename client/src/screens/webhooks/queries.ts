/** What the screens of webhooks read. */
import { keepPreviousData, queryOptions } from '@tanstack/react-query';
import { api, call } from '@/api/client';
import type { AdapterChoice, DeliveryState, Webhook } from '@/api/types';

/** Rows of deliveries and states of adapters are read again so often, in milliseconds. */
const AGAIN = 5_000;

/** True while an adapter is about to subscribe, or to take that back. */
const isMoving = (adapter: AdapterChoice | null | undefined): boolean => adapter?.status === 'pending' || adapter?.status === 'ending';

export const adaptersQuery = (organization: string | undefined) =>
  queryOptions({
    queryKey: ['webhook-adapters', organization],
    queryFn: ({ signal }) => call(api.GET('/api/webhook-adapters', { signal })),
    select: (answer) => answer.adapters,
  });

/** While an adapter of one is moving, the list is read again. */
export const whileMoving = ({ state: { data } }: { state: { data: { webhooks: Webhook[] } | undefined } }): number | false =>
  data?.webhooks.some(({ adapter }) => isMoving(adapter)) === true ? AGAIN : false;

export const webhookQuery = (organization: string | undefined, id: string) =>
  queryOptions({
    queryKey: ['webhooks', organization, id],
    queryFn: ({ signal }) => call(api.GET('/api/webhooks/{id}', { params: { path: { id } }, signal })),
    refetchInterval: ({ state: { data, error } }) => (error === null && isMoving(data?.adapter) ? AGAIN : false),
  });

export const subscriptionsQuery = (organization: string | undefined, id: string) =>
  queryOptions({
    queryKey: ['subscriptions', organization, id],
    queryFn: ({ signal }) => call(api.GET('/api/webhooks/{id}/subscriptions', { params: { path: { id } }, signal })),
    select: (answer) => answer.subscriptions,
  });

interface DeliveriesOf {
  state: DeliveryState | undefined;
  cursor: string | undefined;
}

/** Deliveries of a page. */
const PAGE = 50;
/** The same while a delivery is not settled. */
const SOON = 1_000;

export const deliveriesQuery = (organization: string | undefined, id: string, { state, cursor }: DeliveriesOf) =>
  queryOptions({
    queryKey: ['deliveries', organization, id, state, cursor],
    queryFn: ({ signal }) => {
      const query = { limit: PAGE, ...(state === undefined ? {} : { state }), ...(cursor === undefined ? {} : { cursor }) };
      return call(api.GET('/api/webhooks/{id}/deliveries', { params: { path: { id }, query }, signal }));
    },
    placeholderData: keepPreviousData,
    refetchInterval: ({ state: { data } }) => (data?.deliveries.some((one) => one.state === 'pending') === true ? SOON : AGAIN),
  });

export const deliveryQuery = (organization: string | undefined, id: string) =>
  queryOptions({
    queryKey: ['delivery', organization, id],
    queryFn: ({ signal }) => call(api.GET('/api/webhook-deliveries/{id}', { params: { path: { id } }, signal })),
    refetchInterval: ({ state: { data } }) => (data?.state === 'pending' ? SOON : false),
  });
