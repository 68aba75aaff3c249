import { expect, test } from 'vitest';
import { merged } from './merged';

const sum = { runs: 0, minutes: 0, value: 0, month: '2026-01' };

test('an organization that ran or saved something has a row', () => {
  const counts = [
    { organization_id: 'a', organization_name: 'Acme', runs: 5, succeeded: 2, failed: 1, cancelled: 0, open: 2 },
    { organization_id: 'b', organization_name: 'Beta', runs: 1, succeeded: 1, failed: 0, cancelled: 0, open: 0 },
  ];
  const saved = [
    { ...sum, organization_id: 'c', organization_name: 'Gamma', minutes: 30 },
    { ...sum, organization_id: 'a', organization_name: 'Acme', minutes: 15 },
  ];
  expect(merged(counts, saved)).toEqual([
    { id: 'a', name: 'Acme', runs: 5, failed: 1, open: 2, saved: 15 },
    { id: 'b', name: 'Beta', runs: 1, failed: 0, open: 0, saved: 0 },
    { id: 'c', name: 'Gamma', runs: 0, failed: 0, open: 0, saved: 30 },
  ]);
});
