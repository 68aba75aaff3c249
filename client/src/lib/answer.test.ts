import { afterEach, describe, expect, it, vi } from 'vitest';
import { bodyText, headerOf, problemIn, send, SHOWN, type Answer } from './answer';

const answer = (type: string, body: string, status = 200): Answer => ({ status, took: 1, headers: [['Content-Type', type]], body });

describe('an answer', () => {
  afterEach(() => vi.unstubAllGlobals());

  it('is shown with JSON in lines, and cut where it is long', () => {
    expect(bodyText(answer('application/json', '{"a":[1]}'))).toBe('{\n  "a": [\n    1\n  ]\n}');
    expect(bodyText(answer('application/json', '{"a":'))).toBe('{"a":');
    expect(bodyText(answer('text/plain', '{"a":1}'))).toBe('{"a":1}');
    expect(bodyText(answer('text/html', 'x'.repeat(SHOWN + 1)))).toHaveLength(SHOWN);
    expect(headerOf(answer('text/html', ''), 'content-type')).toBe('text/html');
  });

  it('says what is wrong where the platform refuses', () => {
    const refused = answer('application/problem+json', '{"code":"unauthenticated","detail":"authentication required"}', 401);
    expect(problemIn(refused)).toMatchObject({ title: 'Authentication required.' });
    expect(problemIn(answer('application/json', '{"detail":"mine"}', 404))).toBeUndefined();
  });

  it('is asked for without the cookies of this page', async () => {
    const fetched = vi.fn(() => Promise.resolve(new Response('{"ok":true}', { status: 201, headers: { 'X-Order': '7' } })));
    vi.stubGlobal('fetch', fetched);
    const { status, headers, body } = await send('/x', { method: 'POST' });
    expect({ status, body, order: new Map(headers).get('x-order') }).toEqual({ status: 201, body: '{"ok":true}', order: '7' });
    expect(fetched).toHaveBeenCalledWith('/x', expect.objectContaining({ method: 'POST', credentials: 'omit', redirect: 'manual' }));
  });
});
