/** An authorization server for the tests of integrations: agrees at once, or refuses. */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface AuthorizationServer {
  url: string;
  /** What it does from now on: agree, or say that the person has refused. */
  agrees: boolean;
  /** How many tokens it has given. */
  tokens: number;
  close: () => void;
}

/** How long its tokens are good, in seconds. */
const GOOD = 3_600;

export async function authorizationServer(): Promise<AuthorizationServer> {
  const state = { agrees: true, tokens: 0 };
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
    state.tokens += 1;
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify({ access_token: `token-${state.tokens}`, token_type: 'Bearer', expires_in: GOOD, refresh_token: `refresh-${state.tokens}` }));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return Object.assign(state, { url: `http://127.0.0.1:${port}`, close: () => void server.close() });
}
