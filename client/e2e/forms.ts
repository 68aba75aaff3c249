/** Forms that are made beside the browser. */
import type { Page } from '@playwright/test';
import { api } from './helpers';

export const field = (name: string, label: string, type: string, more: object = {}) => ({ name, label, type, ...more });

/** Makes a form, or finds the one that is there. */
export async function formOf(page: Page, definition: { name: string } & Record<string, unknown>): Promise<string> {
  const { forms } = await api<{ forms: { id: string; name: string }[] }>(page, 'GET', '/api/forms');
  const known = forms.find(({ name }) => name === definition.name);
  return known?.id ?? (await api<{ id: string }>(page, 'POST', '/api/forms', definition)).id;
}
