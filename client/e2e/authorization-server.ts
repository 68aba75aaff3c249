/** An authorization server for the tests of integrations: agrees at once, or refuses. */
import { createServer, type Server } from 'node:http';
import { listening } from './loopback';

export interface AuthorizationServer {
  url: string;
  /** What it does from now on: agree, or say that the person has refused. */
  agrees: boolean;
  /** It gives no token any more: it does not know the client. */
  refuses: boolean;
  /** How long its tokens are good, in seconds. */
  good: number;
  /** It gives a refresh token with each. */
  renews: boolean;
  /** How many tokens it has given. */
  tokens: number;
  close: () => void;
}

export async function authorizationServer(): Promise<AuthorizationServer> {
  const state = { agrees: true, refuses: false, good: 3_600, renews: true, tokens: 0 };
  const server: Server = createServer((request, response) => {
    const url = new globalThis.URL(request.url ?? '/', 'http://localhost');
    if (url.pathname === '/authorize') {
      const back = new globalThis.URL(url.searchParams.get('redirect_uri') ?? '');
      back.searchParams.set('state', url.searchParams.get('state') ?? '');
      if (state.agrees) back.searchParams.set('code', 'a-code');
      else back.searchParams.set('error', 'access_denied');
      response.setHeader('content-type', 'text/html');
      response.end(`<title>Authorization server</title><a href="${back.href.replaceAll('&', '&amp;')}">Go back</a>`);
      return;
    }
    response.setHeader('content-type', 'application/json');
    if (state.refuses) {
      response.statusCode = 401;
      response.end(JSON.stringify({ error: 'invalid_client' }));
      return;
    }
    state.tokens += 1;
    const refresh = state.renews ? { refresh_token: `refresh-${state.tokens}` } : {};
    response.end(JSON.stringify({ access_token: `token-${state.tokens}`, token_type: 'Bearer', expires_in: state.good, ...refresh }));
  });
  return Object.assign(state, { url: await listening(server), close: () => void server.close() });
}
