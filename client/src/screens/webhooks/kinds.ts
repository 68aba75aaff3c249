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
    about: 'HMAC-SHA256 of the body, in a header. What most systems can do.',
    secret: true,
    header: true,
  },
  github: { label: 'GitHub', about: 'GitHub’s own signature, in X-Hub-Signature-256.', secret: true, header: true },
  timestamped: {
    label: 'Signed with a time',
    about: 'As Stripe does it: a time and the body are signed, and old requests are refused.',
    secret: true,
    header: true,
  },
  microsoft_graph: {
    label: 'Microsoft Graph',
    about: 'The clientState of the subscription stands in every notification.',
    secret: true,
    header: false,
  },
  unsigned: { label: 'Unsigned', about: 'No proof at all: whoever knows the address can start workflows.', secret: false, header: false },
  adapter: {
    label: 'Adapter',
    about: 'Code of the workspace says who may send and what is delivered, and can tell the other system where to.',
    secret: false,
    header: false,
  },
  topic: { label: 'Topic', about: 'Not from outside: workflows of this organization emit it.', secret: false, header: false },
};

export const KIND_NAMES = Object.keys(KINDS) as WebhookKind[];
