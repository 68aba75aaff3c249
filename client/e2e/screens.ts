/** Looks at screens as somebody with a screen reader, a phone, or a dark room does. */
import { join } from 'node:path';
import type { Browser, BrowserContext, Page, Request } from '@playwright/test';
import { ADMIN_STATE, expect, expectAccessible, URL, watch, type Checks } from './helpers';

const PICTURES = join(import.meta.dirname, '../../target/ui-screenshots');

const SIZES = { desktop: { width: 1_440, height: 900 }, phone: { width: 390, height: 844 } };

type Size = keyof typeof SIZES;

/** The four pictures. Another theme changes colours alone, so only these are checked again. */
const LOOKS: { size: Size; theme: 'light' | 'dark'; checks?: Checks }[] = [
  { size: 'desktop', theme: 'light', checks: 'all' },
  { size: 'desktop', theme: 'dark', checks: 'colours' },
  { size: 'phone', theme: 'dark', checks: 'all' },
  { size: 'phone', theme: 'light' },
];

/** A frame of another origin draws what it shows in its own time, in milliseconds. */
const FRAMES = 400;

/** So many pages are looked at side by side. */
const LANES = 2;

/** A screen is there once nothing has been on its way for so long, in milliseconds. */
const QUIET = 150;

export interface Screen {
  name: string;
  path: string;
  /** A heading that is there when the screen is. */
  heading?: RegExp;
  signedOut?: boolean;
  /** What is pressed before it is looked at. */
  open?: (page: Page) => Promise<unknown>;
  /** Answers of the API that this server cannot give, by their paths. */
  answers?: Record<string, object>;
  /** There is nothing to see at the other size. */
  only?: Size;
}

/** Two frames in a row in which nothing moves but what never ends. Half-way, colours have another contrast, and
 *  what a theme or a size changes may begin to move a frame later. */
const atRest = (page: Page): Promise<void> =>
  page.evaluate(async () => {
    for (let still = 0; still < 2; still += 1) {
      await new Promise(requestAnimationFrame);
      for (const animation of document.getAnimations()) {
        if (animation.playState !== 'running' || animation.effect?.getComputedTiming().endTime === Infinity) continue;
        animation.finish();
        still = -1;
      }
    }
  });

/** No violation of WCAG 2.2 AA, nothing that scrolls sideways, and pictures of what a page shows now,
 *  in target/ui-screenshots: both themes, for a desktop and for a phone. */
export async function look(page: Page, name: string, only?: Size): Promise<void> {
  const before = page.viewportSize();
  for (const { size, theme, checks } of LOOKS) {
    if (only !== undefined && size !== only) continue;
    await page.setViewportSize(SIZES[size]);
    await page.emulateMedia({ colorScheme: theme, reducedMotion: 'reduce' });
    await expect(page.locator('html')).toHaveAttribute('data-theme', theme);
    await atRest(page);
    if (page.frames().length > 1) await page.waitForTimeout(FRAMES);
    if (checks !== undefined) {
      await expectAccessible(page, `${name}, ${theme}, ${size}`, checks);
      const wide = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
      expect.soft(wide, `${name} scrolls sideways on a ${size}`).toBeLessThanOrEqual(0);
    }
    await page.screenshot({ path: join(PICTURES, `${name}-${theme}-${size}.png`), fullPage: true });
  }
  await page.emulateMedia({ colorScheme: null, reducedMotion: null });
  if (before !== null) await page.setViewportSize(before);
}

/** A page that goes from screen to screen, and what is on its way to it. */
class Visitor {
  readonly #page: Page;
  readonly #requests = new Set<Request>();
  #last = 0;

  constructor(page: Page) {
    this.#page = page;
    const ended = (request: Request) => {
      this.#requests.delete(request);
      this.#last = Date.now();
    };
    page.on('request', (request) => this.#requests.add(request));
    page.on('requestfinished', ended);
    page.on('requestfailed', ended);
  }

  async visit({ name, path, heading, open, answers = {}, only }: Screen): Promise<void> {
    const page = this.#page;
    await page.unrouteAll();
    for (const [glob, answer] of Object.entries(answers)) await page.route(glob, (route) => route.fulfill({ json: answer }));
    await page.setViewportSize(SIZES[only ?? 'desktop']);
    // From nowhere, as an address that differs behind its # alone is not loaded again.
    await page.goto('about:blank');
    this.#requests.clear();
    await page.goto(path);
    // A dialog that opens with its screen hides the rest from screen readers.
    const title = page.getByRole('heading', { level: 1, includeHidden: true, ...(heading === undefined ? {} : { name: heading }) });
    await expect.soft(title, `${name} has its heading`).toBeAttached();
    await this.#settled();
    await expect.soft(page.getByRole('status', { name: 'Loading' })).toHaveCount(0);
    if (open !== undefined) {
      await open(page);
      await this.#settled();
    }
    await look(page, name, only);
  }

  #settled(): Promise<void> {
    return expect.poll(() => this.#requests.size === 0 && Date.now() - this.#last >= QUIET, { intervals: [QUIET / 3] }).toBe(true);
  }
}

async function visitor(context: BrowserContext): Promise<Visitor> {
  const page = await context.newPage();
  watch(page);
  return new Visitor(page);
}

/** Looks at all of these as the first administrator, or as somebody who is not signed in. */
export async function expectScreens(browser: Browser, screens: Screen[]): Promise<void> {
  const signedIn = await browser.newContext({ baseURL: URL, storageState: ADMIN_STATE });
  const nobody = await browser.newContext({ baseURL: URL });
  const left = [...screens];
  const lane = async () => {
    const member = await visitor(signedIn);
    const stranger = await visitor(nobody);
    for (let screen = left.shift(); screen !== undefined; screen = left.shift()) {
      const { name, signedOut } = screen;
      // One that fails keeps nobody from the others.
      await (signedOut === true ? stranger : member).visit(screen).catch((problem: Error) => expect.soft(problem.message, name).toBe(''));
    }
  };
  await Promise.all(Array.from({ length: LANES }, lane));
  await signedIn.close();
  await nobody.close();
}
