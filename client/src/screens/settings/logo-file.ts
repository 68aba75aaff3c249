/** A picture as the server takes it. */
import { encoded } from '@/lib/base64';

/** What may be chosen; what is in it, the server looks at. */
export const TYPES = ['image/png', 'image/webp'];

/** Largest logo, in bytes, as the server has it. */
const LARGEST = 256 * 1024;

/** The file in base64. */
export async function logoContent(file: File): Promise<string> {
  if (file.size > LARGEST) throw new Error('The picture is larger than 256 KiB. Make it smaller, and choose it again.');
  return encoded(new Uint8Array(await file.arrayBuffer()));
}
