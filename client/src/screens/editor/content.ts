/** What is in a file: text, or bytes that are none. */
import { decoded, encoded } from '@/lib/base64';

/** Text where the bytes are UTF-8 without a NUL, else the bytes. */
export type Content = string | Uint8Array<ArrayBuffer>;

/** Larger text is not edited here, in bytes. */
export const LARGEST_TEXT = 1 << 20;

/** Reads bytes; a byte order mark stays, so that nothing is changed that nobody changed. */
export function contentOf(bytes: Uint8Array<ArrayBuffer>): Content {
  if (bytes.includes(0)) return bytes;
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return bytes;
  }
}

export const bytesOf = (content: Content): Uint8Array<ArrayBuffer> =>
  typeof content === 'string' ? new TextEncoder().encode(content) : content;

/** From base64, as the API has it. */
export const fromBase64 = (text: string): Content => contentOf(decoded(text));

const sent = new WeakMap<Uint8Array, string>();

/** To base64; large bytes are encoded once, however often they are sent. */
export function toBase64(content: Content): string {
  if (typeof content === 'string') return encoded(bytesOf(content));
  const base64 = sent.get(content) ?? encoded(content);
  sent.set(content, base64);
  return base64;
}

/** True for the same bytes; `null` is a file that is not there. */
export function same(one: Content | null, other: Content | null): boolean {
  if (one === null || other === null || typeof one === 'string' || typeof other === 'string') return one === other;
  return one.length === other.length && one.every((byte, at) => byte === other[at]);
}

/** In bytes. */
export const sizeOf = (content: Content): number => bytesOf(content).length;
