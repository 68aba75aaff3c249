import { expect, test } from 'vitest';
import type { FormDefinition } from '@/api/forms';
import { openedWith } from './use-opened';

const form = (more: Partial<FormDefinition>): FormDefinition => ({ name: 'F', workflow: 'w', access: 'authenticated', fields: [], ...more });

test('a draft stays until what it is opened with changes', () => {
  const before = openedWith(form({}), { ref: 'x' });
  expect(openedWith(form({ name: 'G', fields: [{ name: 'a', type: 'text' }] }), { ref: 'x' })).toBe(before);
  expect(openedWith(form({}), { ref: 'y' })).not.toBe(before);
  expect(openedWith(form({ launch_workflow: 'l' }), { ref: 'x' })).not.toBe(before);
  expect(openedWith(form({ launch_parameters: { a: 1 } }), { ref: 'x' })).not.toBe(before);
});
