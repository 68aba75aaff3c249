import { expect, test } from 'vitest';
import type { Workflow } from '@/api/types';
import { filter } from './filter';

const workflow = (name: string, more: Partial<Workflow>): Workflow =>
  ({ name, description: '', function_id: `a.py::${name}`, category: '', tags: [], kind: 'workflow', ...more }) as unknown as Workflow;

const ALL = [
  workflow('onboard', { tags: ['people'], category: 'HR' }),
  workflow('sites', { kind: 'data_provider', tags: ['people'] }),
  workflow('lookup', { kind: 'tool' }),
];

const names = (search: Parameters<typeof filter>[1]) => filter(ALL, search).map(({ name }) => name);

test('the list is what fits all that is asked for', () => {
  expect(names({})).toHaveLength(3);
  expect(names({ tag: 'people' })).toEqual(['onboard', 'sites']);
  expect(names({ tag: 'people', kind: 'data_provider' })).toEqual(['sites']);
  expect(names({ kind: 'tool' })).toEqual(['lookup']);
  expect(names({ category: 'General', q: 'LOOK' })).toEqual(['lookup']);
});
