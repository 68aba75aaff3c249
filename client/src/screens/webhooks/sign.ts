/** Deliveries as their senders make them: signed here, or by a command of a terminal. */
import type { Webhook } from '@/api/types';
import { quote } from '@/lib/commands';

/** HMAC-SHA256 in hexadecimal. */
export async function hmac(secret: string, text: string): Promise<string> {
  const encoder = new TextEncoder();
  const key = await crypto.subtle.importKey('raw', encoder.encode(secret), { name: 'HMAC', hash: 'SHA-256' }, false, ['sign']);
  const signed = new Uint8Array(await crypto.subtle.sign('HMAC', key, encoder.encode(text)));
  return [...signed].map((byte) => byte.toString(16).padStart(2, '0')).join('');
}

/** A request of a sender. */
export interface Sent {
  headers: Record<string, string>;
  body: string;
}

interface Test {
  webhook: Webhook;
  secret: string;
  body: string;
  /** What the sender calls the event, where its kind says so in a header. */
  event: string;
  id: string;
  /** In milliseconds since 1970. */
  now: number;
}

/** Headers beside the signature. */
function plain({ webhook: { kind, delivery_header }, event, id }: Pick<Test, 'webhook' | 'event' | 'id'>): Record<string, string> {
  const headers: Record<string, string> = { 'Content-Type': 'application/json' };
  if (kind === 'github') headers['X-GitHub-Event'] = event;
  if (kind === 'github') headers[delivery_header ?? 'X-GitHub-Delivery'] = id;
  else if (kind === 'generic' || kind === 'unsigned' || delivery_header != null) headers[delivery_header ?? 'X-Delivery-Id'] = id;
  return headers;
}

/** Every notification of Microsoft Graph gets the secret as its `clientState`. */
export function withClientState(body: string, secret: string): string {
  const document = JSON.parse(body) as { value?: unknown };
  if (!Array.isArray(document.value)) throw new Error('a notification of Microsoft Graph has a list named “value”');
  return JSON.stringify({ ...document, value: document.value.map((one: unknown) => ({ ...(one as object), clientState: secret })) });
}

/** Signs a delivery as the webhook's kind demands it. */
export async function signed(test: Test): Promise<Sent> {
  const { webhook, secret, body, now } = test;
  const headers = plain(test);
  switch (webhook.kind) {
    case 'generic':
    case 'github':
      headers[webhook.signature_header ?? 'X-Signature-256'] = `sha256=${await hmac(secret, body)}`;
      return { headers, body };
    case 'timestamped': {
      const time = Math.floor(now / 1_000);
      headers[webhook.signature_header ?? 'Stripe-Signature'] = `t=${time},v1=${await hmac(secret, `${time}.${body}`)}`;
      return { headers, body };
    }
    case 'microsoft_graph':
      return { headers, body: withClientState(body, secret) };
    default:
      return { headers, body };
  }
}

/** The same from a terminal, with the secret in `SECRET`. */
export function testCommand(address: string, { webhook, body, event, id }: Omit<Test, 'secret' | 'now'>): string {
  const headers = Object.entries(plain({ webhook, event, id })).map(([name, value]) => `-H ${quote(`${name}: ${value}`)}`);
  const openssl = (text: string) => `$(printf %s "${text}" | openssl dgst -sha256 -hmac "$SECRET" -r | cut -d' ' -f1)`;
  const before: string[] = [];
  let data = '"$BODY"';
  switch (webhook.kind) {
    case 'generic':
    case 'github':
      headers.unshift(`-H "${webhook.signature_header ?? 'X-Signature-256'}: sha256=${openssl('$BODY')}"`);
      break;
    case 'timestamped':
      before.push('TIME=$(date +%s)');
      headers.unshift(`-H "${webhook.signature_header ?? 'Stripe-Signature'}: t=$TIME,v1=${openssl('$TIME.$BODY')}"`);
      break;
    case 'microsoft_graph':
      data = '"${BODY//CLIENT_STATE/$SECRET}"';
      break;
    default:
      break;
  }
  const content = webhook.kind === 'microsoft_graph' ? withClientState(body, 'CLIENT_STATE') : body;
  const lines = [`BODY=${quote(content)}`, ...before, [`curl ${quote(address)}`, ...headers, `--data-binary ${data}`].join(' \\\n  ')];
  return lines.join('\n');
}

/** What a sender of this kind would send. */
export function exampleBody({ kind }: Webhook): string {
  switch (kind) {
    case 'github':
      return JSON.stringify({ action: 'opened', issue: { number: 7, title: 'A test' } }, null, 2);
    case 'timestamped':
      return JSON.stringify({ id: 'evt_test', type: 'invoice.paid', data: { object: { id: 'in_7', amount_paid: 1_200 } } }, null, 2);
    case 'microsoft_graph':
      return JSON.stringify({ value: [{ subscriptionId: 'test', changeType: 'created', resource: 'users/7' }] }, null, 2);
    default:
      return JSON.stringify({ id: 7, text: 'A test' }, null, 2);
  }
}
