/** What people have beside a password: an authenticator app, whose codes are of RFC 6238, and passkeys. */
import { createHmac } from 'node:crypto';
import { expect, type Page } from '@playwright/test';

export function totp(secret: string, time = Date.now()): string {
  const bits = [...secret.replace(/=+$/, '')]
    .map((letter) => 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'.indexOf(letter).toString(2).padStart(5, '0'))
    .join('');
  const key = Buffer.from((bits.match(/.{8}/g) ?? []).map((byte) => Number.parseInt(byte, 2)));
  const counter = Buffer.alloc(8);
  counter.writeBigUInt64BE(BigInt(Math.floor(time / 30_000)));
  const hash = createHmac('sha1', key).update(counter).digest();
  const offset = (hash.at(-1) ?? 0) & 15;
  return String((hash.readUInt32BE(offset) & 0x7fff_ffff) % 1_000_000).padStart(6, '0');
}

/** Adds an authenticator app where the page offers it; answers its secret. Recovery codes are shown next. */
export async function addAuthenticator(page: Page): Promise<string> {
  await page.getByRole('button', { name: 'Add an authenticator app' }).click();
  await expect(page.getByRole('img', { name: 'QR code for the authenticator app' })).toBeVisible();
  const secret = (await page.getByRole('dialog').locator('pre').innerText()).trim();
  await page.getByLabel('Code', { exact: true }).fill(totp(secret));
  await page.getByRole('button', { name: 'Confirm' }).click();
  return secret;
}

/** Keeps the recovery codes that are shown; answers the first. */
export async function keepRecoveryCodes(page: Page): Promise<string> {
  const dialog = page.getByRole('dialog', { name: 'Your recovery codes' });
  const [first = ''] = (await dialog.locator('pre').innerText()).trim().split('\n');
  await dialog.getByRole('button', { name: 'I have saved them' }).click();
  return first;
}

/** Answers the question for a code, of the app or for recovery. */
export async function enterCode(page: Page, code: string): Promise<void> {
  await page.getByLabel('Code').fill(code);
  await page.getByRole('button', { name: 'Continue' }).click();
}

/** Gives the browser a device for passkeys, which agrees to all, and adds one to the account. */
export async function addPasskey(page: Page, name: string): Promise<void> {
  const devtools = await page.context().newCDPSession(page);
  await devtools.send('WebAuthn.enable');
  await devtools.send('WebAuthn.addVirtualAuthenticator', {
    options: {
      protocol: 'ctap2',
      transport: 'internal',
      hasResidentKey: true,
      hasUserVerification: true,
      isUserVerified: true,
      automaticPresenceSimulation: true,
    },
  });
  await page.goto('/account');
  await page.getByRole('button', { name: 'Add a passkey' }).click();
  await page.getByLabel('Name').fill(name);
  await page.getByRole('button', { name: 'Continue' }).click();
}
