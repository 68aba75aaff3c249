/** Visits screens as somebody with a screen reader, a phone, or a dark room does. */
import { join } from 'node:path';
import type { Browser } from '@playwright/test';
import { ADMIN_STATE, expect, expectAccessible, URL, watch } from './helpers';

const PICTURES = join(import.meta.dirname, '../../target/ui-screenshots');

const SIZES = { desktop: { width: 1_440, height: 900 }, phone: { width: 390, height: 844 } };

export const THEMES = ['light', 'dark'] as const;

export interface Screen {
  name: string;
  path: string;
  /** A heading that is there when the screen is. */
  heading?: RegExp;
  signedOut?: boolean;
}

/** No violation of WCAG 2.2 AA, nothing that scrolls sideways, and a picture of each, for a desktop
 *  and for a phone, in target/ui-screenshots. */
export async function expectScreens(browser: Browser, theme: (typeof THEMES)[number], screens: Screen[]): Promise<void> {
  const looks = { baseURL: URL, colorScheme: theme, reducedMotion: 'reduce', viewport: SIZES.desktop } as const;
  const signedIn = await browser.newContext({ ...looks, storageState: ADMIN_STATE });
  const nobody = await browser.newContext(looks);
  for (const { name, path, heading, signedOut } of screens) {
    const page = await (signedOut === true ? nobody : signedIn).newPage();
    watch(page);
    await page.goto(path);
    await expect.soft(page.getByRole('heading', { level: 1, ...(heading === undefined ? {} : { name: heading }) })).toBeAttached();
    await page.waitForLoadState('networkidle');
    await expect.soft(page.getByRole('status', { name: 'Loading' })).toHaveCount(0);
    for (const [size, viewport] of Object.entries(SIZES)) {
      await page.setViewportSize(viewport);
      await expectAccessible(page, `${name}, ${theme}, ${size}`);
      const wide = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
      expect.soft(wide, `${name} scrolls sideways on a ${size}`).toBeLessThanOrEqual(0);
      await page.screenshot({ path: join(PICTURES, `${name}-${theme}-${size}.png`) });
    }
    await page.close();
  }
  await signedIn.close();
  await nobody.close();
}
