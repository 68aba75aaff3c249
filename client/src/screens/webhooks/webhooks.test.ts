import { execFileSync } from 'node:child_process';
import { createHmac } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import type { Webhook, WebhookKind } from '@/api/types';
import { conditionWords, filterOf, filterRows, mappingOf, mappingRows, pointerProblem } from './conditions';
import { bodyOf, formOf, rateOf } from './form';
import { exampleBody, hmac, signed, testCommand } from './sign';

const webhook = (kind: WebhookKind, part: Partial<Webhook> = {}): Webhook => ({ kind, ...part }) as Webhook;

const TEST = { secret: 'whs_secret', body: '{"a":"it’s"}', event: 'issues', id: 'id-1', now: 1_700_000_000_900 };

const sha = (text: string) => createHmac('sha256', TEST.secret).update(text).digest('hex');

describe('a test delivery', () => {
  it('is signed as RFC 4231 has it', async () => {
    expect(await hmac('Jefe', 'what do ya want for nothing?')).toBe('5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843');
  });

  it('is signed as its kind demands', async () => {
    const github = await signed({ ...TEST, webhook: webhook('github', { signature_header: 'x-hub-signature-256' }) });
    expect(github.headers).toEqual({
      'Content-Type': 'application/json',
      'X-GitHub-Event': 'issues',
      'X-GitHub-Delivery': 'id-1',
      'x-hub-signature-256': `sha256=${sha(TEST.body)}`,
    });
    const generic = await signed({ ...TEST, webhook: webhook('generic', { signature_header: 'x-mine', delivery_header: 'x-id' }) });
    expect(generic.headers).toMatchObject({ 'x-mine': `sha256=${sha(TEST.body)}`, 'x-id': 'id-1' });
    const timed = await signed({ ...TEST, webhook: webhook('timestamped') });
    expect(timed.headers['Stripe-Signature']).toBe(`t=1700000000,v1=${sha(`1700000000.${TEST.body}`)}`);
    const unsigned = await signed({ ...TEST, webhook: webhook('unsigned') });
    expect(unsigned.headers).toEqual({ 'Content-Type': 'application/json', 'X-Delivery-Id': 'id-1' });
  });

  it('of Microsoft Graph has the secret in every notification', async () => {
    const sent = await signed({ ...TEST, body: '{"value":[{"a":1},{}],"b":2}', webhook: webhook('microsoft_graph') });
    expect(JSON.parse(sent.body)).toEqual({ b: 2, value: [{ a: 1, clientState: TEST.secret }, { clientState: TEST.secret }] });
    await expect(signed({ ...TEST, body: '{}', webhook: webhook('microsoft_graph') })).rejects.toThrow('value');
  });

  it('from a terminal is the same', () => {
    // `curl` stands for a function that shows what it was given.
    const run = (kind: WebhookKind, body: string) =>
      execFileSync('bash', ['-c', `curl() { printf '%s\\n' "$@"; }\n${testCommand('https://x/api/hooks/1', { ...TEST, body, webhook: webhook(kind) })}`], {
        env: { ...process.env, SECRET: TEST.secret },
        encoding: 'utf8',
      });
    const generic = run('generic', TEST.body);
    expect(generic).toContain(`X-Signature-256: sha256=${sha(TEST.body)}`);
    expect(generic).toContain(TEST.body);
    const timed = run('timestamped', TEST.body);
    const time = /t=(\d+)/.exec(timed)?.[1] ?? '';
    expect(timed).toContain(`v1=${sha(`${time}.${TEST.body}`)}`);
    expect(run('microsoft_graph', exampleBody(webhook('microsoft_graph')))).toContain(`"clientState":"${TEST.secret}"`);
    expect(run('unsigned', TEST.body)).not.toContain('sha256');
  });
});

describe('a subscription', () => {
  it('survives its form', () => {
    const filter = [
      { pointer: '/type', equals: 'issues' as never },
      { pointer: '/data/n', equals: 7 as never },
      { pointer: '/data/s', equals: '7' as never },
      { pointer: '/data/x', equals: null },
      { pointer: '/data/a', exists: true },
      { pointer: '/data/b', exists: false },
    ];
    expect(filterOf(filterRows(filter))).toEqual(filter);
    const mapping = { number: '/data/n', fixed: { value: '7' as never }, list: { value: [1] as never } };
    expect(mappingOf(mappingRows(mapping))).toEqual(mapping);
  });

  it('leaves out parameters that come from nowhere', () => {
    expect(
      mappingOf([
        { name: 'a', from: 'event', text: ' ' },
        { name: ' ', from: 'event', text: '/data' },
        { name: 'b', from: 'value', text: '' },
      ]),
    ).toEqual({ b: { value: '' } });
  });

  it('says its conditions in words, and what is wrong with a pointer', () => {
    expect(conditionWords({ pointer: '/type', equals: 'issues' as never })).toBe('/type is issues');
    expect(conditionWords({ pointer: '/data/a', exists: false })).toBe('/data/a is not there');
    expect(['/data', '/a~0b/c~1d', '/'].map(pointerProblem)).toEqual([undefined, undefined, undefined]);
    for (const pointer of ['', ' ', 'data', '$.data', '/a~b', '/a~2']) expect(pointerProblem(pointer), pointer).toBeDefined();
  });
});

describe('the settings of a webhook', () => {
  it('are only those that its kind has', () => {
    const form = { ...formOf(), name: 'orders', delivery_header: 'x-id', signature_header: 'x-mine' };
    expect(bodyOf(form, 'generic')).toMatchObject({ delivery_header: 'x-id', signature_header: 'x-mine', rate_per_minute: 600 });
    const adapter = bodyOf({ ...form, rate: rateOf('adapter') }, 'adapter');
    expect(adapter).toMatchObject({ name: 'orders', rate_per_minute: 120, allowed_networks: [] });
    for (const key of ['delivery_header', 'signature_header', 'tolerance_seconds', 'topic']) expect(adapter).not.toHaveProperty(key);
  });
});
