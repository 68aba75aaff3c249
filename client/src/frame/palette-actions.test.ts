import { describe, expect, it, vi } from 'vitest';
import type { Permission } from '@/api/types';
import { actionsFor } from './palette-actions';

const labels = (...held: Permission[]) => actionsFor((permission) => held.includes(permission)).map(({ label }) => label);

describe('actions of the palette', () => {
  it('are those that somebody may do', () => {
    expect(labels()).toEqual([]);
    expect(labels('forms.manage', 'users.manage')).toEqual(['New form', 'Invite a person']);
    // Reading is not writing.
    expect(labels('config.read', 'users.read', 'tables.read', 'workspace.read')).toEqual([]);
  });

  it('lead to where the thing is made', () => {
    const places = actionsFor(() => true).map(({ run }) => {
      const navigate = vi.fn();
      run(navigate);
      return navigate.mock.calls[0]?.[0] as { to: string; search?: object };
    });
    expect(places).toContainEqual({ to: '/code/edit', search: { make: '1' } });
    expect(places).toContainEqual({ to: '/people', search: { add: 'person' } });
    expect(new Set(places.map(({ to }) => to)).size).toBe(places.length);
  });
});
