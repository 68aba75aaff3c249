/** Signing in with a passkey. */
import { api, call } from '@/api/client';
import type { SignInState } from '@/api/types';
import { usePasskey as signWithPasskey } from '@/lib/passkeys';

/** From the challenge to the session. */
export async function signInWithPasskey(): Promise<SignInState> {
  const challenge = await call(api.POST('/api/sign-in/passkey/challenge'));
  const credential = await signWithPasskey(challenge);
  return call(api.POST('/api/sign-in/passkey', { body: { credential } }));
}
