/** Forms that are made beside the browser. */
import type { Page } from '@playwright/test';
import { api, idByName } from './helpers';

export const field = (name: string, label: string, type: string, more: object = {}) => ({ name, label, type, ...more });

/** Makes a form, or finds the one that is there. */
export async function formOf(page: Page, definition: { name: string } & Record<string, unknown>): Promise<string> {
  const known = await idByName(page, 'forms', definition.name);
  return known === '' ? (await api<{ id: string }>(page, 'POST', '/api/forms', definition)).id : known;
}
