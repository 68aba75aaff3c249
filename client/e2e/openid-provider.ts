/** A real OpenID provider on the loopback, the one that the server's own tests sign in at. */
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

export const CLIENT = { id: 'bifrost', secret: 'client-secret-of-the-ui-tests-0123456789' };

interface OpenIdProvider {
  issuer: string;
  /** Whoever comes from now on. */
  become: (account: string) => Promise<void>;
  close: () => void;
}

/** For a platform at `url`. `accounts` are their claims, by a name. */
export async function openIdProvider(url: string, accounts: Record<string, object>): Promise<OpenIdProvider> {
  const settings = {
    redirect_prefix: url,
    account: Object.keys(accounts)[0],
    accounts,
    clients: [{ client_id: CLIENT.id, client_secret: CLIENT.secret, redirect_uris: [`${url}/`] }],
  };
  const folder = join(import.meta.dirname, '../../tests/oidc');
  // It ends with its input.
  const provider = spawn(process.execPath, ['provider.js', JSON.stringify(settings)], { cwd: folder, stdio: ['pipe', 'pipe', 'inherit'] });
  for await (const line of createInterface({ input: provider.stdout })) {
    if (!line.startsWith('http://')) continue;
    return {
      issuer: line,
      become: async (account) => void (await fetch(`${line}/account/${account}`, { method: 'POST' })),
      close: () => provider.stdin.end(),
    };
  }
  throw new Error('the provider did not start; run `npm ci` in tests/oidc first');
}
