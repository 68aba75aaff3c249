import { describe, expect, it } from 'vitest';
import { changesOf } from './changes';

describe('the details of an entry', () => {
  it('are rows of what was and what is', () => {
    expect(changesOf({ is_enabled: { from: true, to: false }, value: '***', roles: ['Deployer', 'Reader'] })).toEqual([
      { name: 'Enabled', before: 'Yes', after: 'No' },
      { name: 'Value', before: undefined, after: 'Hidden' },
      { name: 'Roles', before: undefined, after: 'Deployer, Reader' },
    ]);
    expect(changesOf({ domain: { from: null, to: 'contoso.example' } })).toEqual([{ name: 'Domain', before: '–', after: 'contoso.example' }]);
  });

  it('name only the parts that changed', () => {
    const limits = { from: { wall_ms: 1_000, http_calls: 5 }, to: { wall_ms: 2_000, http_calls: 5 } };
    expect(changesOf({ limits })).toEqual([{ name: 'Limits: wall ms', before: '1000', after: '2000' }]);
  });
});
