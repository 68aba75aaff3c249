/** Passkeys: from the server's challenge to the browser, and back. */

interface Challenge {
  publicKey: Record<string, unknown>;
}

/** True in browsers that can read the server's JSON. */
export const canUsePasskeys = (): boolean =>
  typeof PublicKeyCredential !== 'undefined' && 'parseRequestOptionsFromJSON' in PublicKeyCredential;

/** Makes a passkey. */
export async function createPasskey({ publicKey }: Challenge): Promise<Record<string, unknown>> {
  const options = PublicKeyCredential.parseCreationOptionsFromJSON(
    publicKey as unknown as PublicKeyCredentialCreationOptionsJSON,
  );
  return json(await navigator.credentials.create({ publicKey: options }));
}

/** Signs a challenge with a passkey. */
export async function usePasskey({ publicKey }: Challenge): Promise<Record<string, unknown>> {
  const options = PublicKeyCredential.parseRequestOptionsFromJSON(
    publicKey as unknown as PublicKeyCredentialRequestOptionsJSON,
  );
  return json(await navigator.credentials.get({ publicKey: options }));
}

function json(credential: Credential | null): Record<string, unknown> {
  if (!(credential instanceof PublicKeyCredential)) throw new Error('No passkey was chosen.');
  return credential.toJSON() as Record<string, unknown>;
}
