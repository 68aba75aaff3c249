/** The nonce of the page's policy: styles that libraries add at run time need it. */
import { setNonce } from 'get-nonce';

/** The nonce that the server has put into the page. */
export const cspNonce = (): string =>
  document.querySelector<HTMLMetaElement>('meta[property="csp-nonce"]')?.nonce ?? '';

/** Gives it to the library that dialogs lock scrolling with. */
export const shareNonce = (): void => setNonce(cspNonce());
