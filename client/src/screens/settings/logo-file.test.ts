import { describe, expect, it } from 'vitest';
import { logoContent } from './logo-file';

describe('a logo that was chosen', () => {
  it('is sent as it is', async () => {
    const bytes = Uint8Array.from({ length: 256 }, (_, index) => index);
    const sent = await logoContent(new File([bytes], 'logo.png'));
    expect(Buffer.from(sent, 'base64')).toEqual(Buffer.from(bytes));
  });

  it('is not sent when it is too large', async () => {
    await expect(logoContent(new File([new Uint8Array(256 * 1024 + 1)], 'logo.png'))).rejects.toThrow('256 KiB');
  });
});
