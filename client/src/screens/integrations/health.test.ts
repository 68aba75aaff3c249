import { describe, expect, it } from 'vitest';
import type { Connection, OAuthSettings } from '@/api/types';
import { health, needsPerson } from './health';

const CODE: OAuthSettings = { flow: 'authorization_code', client_id: 'a', token_url: 'https://t', authorization_url: 'https://a' };
const CLIENT: OAuthSettings = { flow: 'client_credentials', client_id: 'a', token_url: 'https://t' };

const connection = (part: Partial<Connection>): Connection =>
  ({ status: 'connected', failures: 0, renews: true, expires_at: '2026-01-01T00:00:00Z', ...part }) as Connection;

describe('a connection', () => {
  it('that is good asks for nothing', () => {
    expect(health(connection({}), CODE)).toMatchObject({ word: 'Connected', tone: 'good', advice: undefined });
    expect(health(connection({ expires_at: null, renews: false }), CODE)).toMatchObject({ tone: 'good', advice: undefined });
  });

  it('that will end, or is not renewed any more, warns before that', () => {
    expect(health(connection({ renews: false }), CODE)).toMatchObject({ word: 'Connected', tone: 'warn' });
    const failing = health(connection({ error: 'timeout', failures: 3 }), CODE);
    expect(failing).toMatchObject({ word: 'Renewal fails', tone: 'warn' });
    expect(failing.text).toContain('3 times in a row');
  });

  it('that is over says what to do', () => {
    expect(health(connection({ status: 'expired', failures: 2, error: 'x' }), CODE).advice).toContain('retried automatically');
    expect(health(connection({ status: 'expired', renews: false }), CODE).advice).toContain('Connect again');
    expect(health(connection({ status: 'failed', renews: false }), CODE).word).toBe('Expired');
    expect(health(connection({ status: 'failed', renews: true }), CODE).word).toBe('Failed');
    expect(health(connection({ status: 'failed' }), CODE).advice).toBe('Connect it again.');
    expect(health(connection({ status: 'failed' }), CLIENT).advice).toContain('secret');
  });

  it('that is not there yet says who makes it', () => {
    expect(health(undefined, CODE).text).toContain('Nobody has granted access');
    expect(health(undefined, CLIENT).text).toContain('automatically');
    expect(health(connection({ status: 'not_connected' }), { ...CLIENT, flow: 'refresh_token' }).advice).toContain('Enter one');
    expect([CODE, CLIENT, { ...CLIENT, authorization_url: 'https://consent' }].map(needsPerson)).toEqual([true, false, true]);
  });
});
