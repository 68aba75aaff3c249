/** How senders of webhooks prove who they are, in words. */
import type { WebhookKind } from '@/api/types';

interface Kind {
  label: string;
  about: string;
  /** Senders need a secret. */
  secret: boolean;
  /** The sender's signature stands in a header that can be named. */
  header: boolean;
}

export const KINDS: Record<WebhookKind, Kind> = {
  generic: {
    label: 'Signed body',
    about: 'HMAC-SHA256 of the body, in a header. Most systems can send this.',
    secret: true,
    header: true,
  },
  github: { label: 'GitHub', about: 'GitHub’s own signature, in X-Hub-Signature-256.', secret: true, header: true },
  timestamped: {
    label: 'Signed with a timestamp',
    about: 'A timestamp and the body are signed, as Stripe does it. Old requests are refused.',
    secret: true,
    header: true,
  },
  microsoft_graph: {
    label: 'Microsoft Graph',
    about: 'Every notification carries the clientState of its subscription.',
    secret: true,
    header: false,
  },
  unsigned: { label: 'Unsigned', about: 'No proof at all: anyone who knows the address can start workflows.', secret: false, header: false },
  adapter: {
    label: 'Adapter',
    about: 'Code in the workspace decides who may send and what is delivered. It can also register the address with the other system.',
    secret: false,
    header: false,
  },
  topic: { label: 'Topic', about: 'Takes nothing from outside. Workflows in this organization emit its events.', secret: false, header: false },
};

export const KIND_NAMES = Object.keys(KINDS) as WebhookKind[];
