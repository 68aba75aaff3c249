import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ACTIONS, actionWords, readable } from './actions';

const ROOT = join(import.meta.dirname, '../../../..');

/** Text of the host's own sources that write to the audit log, without their tests. */
function sources(): string[] {
  const own = ['host', 'worker'].flatMap((folder) =>
    readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
      .filter((name) => /^[^/]+\/src\/.*\.rs$/.test(name))
      .map((name) => readFileSync(join(ROOT, folder, name), 'utf8')),
  );
  return own.map((text) => text.split('#[cfg(test)]')[0] ?? '');
}

const codesIn = (text: string): string[] => [...text.matchAll(/"([a-z_]+\.[a-z_]+)"/g)].map(([, code]) => code ?? '');

describe('the audit log', () => {
  it('has words for every action that the host writes', () => {
    const written = sources().filter((text) => /\bEvent::new\(|\benum Operation\b/.test(text)).flatMap(codesIn);
    expect(written.length).toBeGreaterThan(100);
    expect(written.filter((code) => ACTIONS[code] === undefined)).toEqual([]);
  });

  it('has no words for what nobody writes', () => {
    const written = new Set(sources().flatMap(codesIn));
    expect(Object.keys(ACTIONS).filter((code) => !written.has(code))).toEqual([]);
  });

  it('says secrets and unknown actions in words', () => {
    expect(actionWords({ action: 'config.set', details: { value: '***' } })).toBe('Secret set');
    expect(actionWords({ action: 'config.set', details: { value: { from: null, to: 3 } } })).toBe('Setting changed');
    expect(actionWords({ action: 'some_thing.be_done', details: {} })).toBe('Some thing: be done');
    expect(readable('smtp_host')).toBe('Smtp host');
  });
});
