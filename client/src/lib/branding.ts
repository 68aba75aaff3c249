/** What the platform is called and looks like. What was seen last is shown until the server has answered. */
import { useSyncExternalStore } from 'react';
import { carried } from '@/api/carried';
import { api, call } from '@/api/client';
import type { Schemas } from '@/api/types';
import { accentStyle } from './accent';

export type Branding = Schemas['BrandingView'];

const OWN: Branding = { product_name: 'Bifrost', accent: null, logo_url: null };
const KEY = 'bifrost.branding';

const listeners = new Set<() => void>();
let now: Branding | undefined;
let style: CSSStyleSheet | undefined;

function kept(): Branding {
  try {
    return { ...OWN, ...(JSON.parse(localStorage.getItem(KEY) ?? '{}') as Partial<Branding>) };
  } catch {
    return OWN;
  }
}

const current = (): Branding => (now ??= kept());

/** Takes what the server says, and keeps it for the next page. */
function become(branding: Branding): void {
  now = branding;
  localStorage.setItem(KEY, JSON.stringify(now));
  apply(now);
}

/** Colours what is on the page; a constructed sheet needs no nonce. */
function apply({ accent }: Branding): void {
  if (style === undefined) {
    style = new CSSStyleSheet();
    document.adoptedStyleSheets.push(style);
  }
  style.replaceSync(accent == null ? '' : accentStyle(accent));
}

/** Shows what was seen last, then asks the server. Without an answer it stays as it is. */
export async function loadBranding(): Promise<void> {
  const come = carried.data<Branding>('/api/branding', undefined);
  if (come !== undefined) return become(come);
  if (now === undefined) apply(current());
  try {
    become(await call(api.GET('/api/branding')));
  } catch {
    return;
  }
  for (const listener of listeners) listener();
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/** The name, the colour and the logo. */
export const useBranding = (): Branding => useSyncExternalStore(subscribe, current);
