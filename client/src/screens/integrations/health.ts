/** How a connection stands, in words: what is, and what to do about it. */
import type { Connection, OAuthSettings } from '@/api/types';
import { plural } from '@/lib/format';
import type { Tone } from '@/ui/badge';

export interface Health {
  word: string;
  tone: Tone;
  /** What is. */
  text: string;
  /** What to do; nothing where there is nothing to do. */
  advice: string | undefined;
}

/** Somebody has to agree at the authorization server before there are tokens. */
export const needsPerson = (settings: OAuthSettings): boolean =>
  settings.flow === 'authorization_code' || (settings.flow === 'client_credentials' && settings.authorization_url != null);

/** Looks at a connection; `undefined` for one that was not made yet. */
export function health(connection: Connection | undefined, settings: OAuthSettings): Health {
  if (connection === undefined || connection.status === 'not_connected') {
    return { word: 'Not connected', tone: 'neutral', ...notConnected(settings) };
  }
  switch (connection.status) {
    case 'failed':
      return {
        word: 'Failed',
        tone: 'bad',
        text: 'The authorization server refused to renew the token. Workflows get an error.',
        advice: settings.flow === 'client_credentials' ? 'Check the client’s id and secret, then refresh.' : 'Connect it again.',
      };
    case 'expired':
      return connection.renews
        ? {
            word: 'Expired',
            tone: 'bad',
            text: `The token’s time is over, and renewing it fails at present${attempts(connection)}.`,
            advice: 'It is tried again by itself. Look at the reason; if it stays, connect again.',
          }
        : {
            word: 'Expired',
            tone: 'bad',
            text: 'The token’s time is over, and nothing can renew it: the server gave no refresh token.',
            advice: 'Connect again, and ask for offline access in the scopes or parameters.',
          };
    case 'connected':
      if (connection.error != null) {
        return {
          word: 'Renewing fails',
          tone: 'warn',
          text: `The token is still good, but the last attempt to renew it failed${attempts(connection)}.`,
          advice: 'The next attempt comes by itself. Look at the reason before the token expires.',
        };
      }
      if (connection.expires_at == null) {
        return { word: 'Connected', tone: 'good', text: 'The token has no end.', advice: undefined };
      }
      return connection.renews
        ? { word: 'Connected', tone: 'good', text: 'The token is good, and is renewed by itself.', advice: undefined }
        : {
            word: 'Connected',
            tone: 'warn',
            text: 'The token is good, but nothing can renew it: the server gave no refresh token.',
            advice: 'Connect again before it ends, or ask for offline access in the scopes or parameters.',
          };
  }
}

function notConnected(settings: OAuthSettings): { text: string; advice: string } {
  if (settings.flow === 'refresh_token') {
    return { text: 'It waits for a refresh token.', advice: 'Enter one that you got from the other system.' };
  }
  return needsPerson(settings)
    ? { text: 'Nobody has agreed at the authorization server yet.', advice: 'Connect it with an account that may do so there.' }
    : { text: 'It connects by itself, when a workflow first asks for it.', advice: 'Connect it now to see whether it works.' };
}

const attempts = ({ failures }: Connection): string => (failures > 1 ? ` (${plural(failures, 'time')} in a row)` : '');
