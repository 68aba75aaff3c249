/** What the platform is called and looks like. What was seen last is shown until the server has answered. */
import { useSyncExternalStore } from 'react';
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
  if (now === undefined) apply(current());
  try {
    now = await call(api.GET('/api/branding'));
  } catch {
    return;
  }
  localStorage.setItem(KEY, JSON.stringify(now));
  apply(now);
  for (const listener of listeners) listener();
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/** The name, the colour and the logo. */
export const useBranding = (): Branding => useSyncExternalStore(subscribe, current);
