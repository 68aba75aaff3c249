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

/** A token that ended, and that nothing renews. */
const OVER: Health = {
  word: 'Expired',
  tone: 'bad',
  text: 'The token has expired and cannot be renewed: the server gave no refresh token.',
  advice: 'Connect again, and ask for offline access in the scopes or parameters.',
};

/** Looks at a connection; `undefined` for one that was not made yet. */
export function health(connection: Connection | undefined, settings: OAuthSettings): Health {
  if (connection === undefined || connection.status === 'not_connected') {
    return { word: 'Not connected', tone: 'neutral', ...notConnected(settings) };
  }
  switch (connection.status) {
    case 'failed':
      // It was asked for after its end: the server was not asked, and refused nothing.
      return !connection.renews && settings.flow === 'authorization_code' ? OVER : {
        word: 'Failed',
        tone: 'bad',
        text: 'The authorization server refused to renew the token. Workflows get an error.',
        advice: settings.flow === 'client_credentials' ? 'Check the client ID and secret, then refresh.' : 'Connect it again.',
      };
    case 'expired':
      return connection.renews
        ? {
            word: 'Expired',
            tone: 'bad',
            text: `The token has expired, and renewing it fails at present${attempts(connection)}.`,
            advice: 'It is retried automatically. Check the reason; if it persists, connect again.',
          }
        : OVER;
    case 'connected':
      if (connection.error != null) {
        return {
          word: 'Renewal fails',
          tone: 'warn',
          text: `The token is still valid, but the last attempt to renew it failed${attempts(connection)}.`,
          advice: 'It is retried automatically. Check the reason before the token expires.',
        };
      }
      if (connection.expires_at == null) {
        return { word: 'Connected', tone: 'good', text: 'The token does not expire.', advice: undefined };
      }
      return connection.renews
        ? { word: 'Connected', tone: 'good', text: 'The token is valid and is renewed automatically.', advice: undefined }
        : {
            word: 'Connected',
            tone: 'warn',
            text: 'The token is valid but cannot be renewed: the server gave no refresh token.',
            advice: 'Connect again before it expires, or ask for offline access in the scopes or parameters.',
          };
  }
}

function notConnected(settings: OAuthSettings): { text: string; advice: string } {
  if (settings.flow === 'refresh_token') {
    return { text: 'A refresh token is needed.', advice: 'Enter one that you got from the other system.' };
  }
  return needsPerson(settings)
    ? { text: 'Nobody has granted access at the authorization server yet.', advice: 'Connect it with an account that may grant access there.' }
    : { text: 'It connects automatically when a workflow first needs it.', advice: 'Connect it now to see whether it works.' };
}

const attempts = ({ failures }: Connection): string => (failures > 1 ? ` (${plural(failures, 'time')} in a row)` : '');
