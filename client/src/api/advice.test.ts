/** No code of the server comes to a person without a word on what to do. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { ADVICE } from './advice';

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));
const HOST = here('../../../host');

/** Their own words say all: of a field, or of whoever wrote the workflow. */
const SAY_ALL = ['invalid', 'invalid_form', 'user_error'];

/** Only programs get them: OAuth's device flow, signing out with a key, a path for WebSockets. */
const FOR_PROGRAMS = [
  'access_denied',
  'authorization_pending',
  'expired_token',
  'invalid_client',
  'invalid_request',
  'no_session',
  'slow_down',
  'unsupported_grant_type',
  'upgrade_required',
];

/** Made in the browser. */
const OWN = ['unreachable'];

/** How the server's code writes an error's code. */
const WRITTEN = [
  /\bConflict\s*\{\s*code:\s*"([a-z_]+)"/g,
  /\b(?:ApiError|Self)::(?:new|oauth)\(\s*(?:[\w:]+,\s*)?"([a-z_]+)"/g,
];

/** Where functions of a file take a code, or match one. */
const WRITTEN_THERE: Record<string, RegExp> = {
  'api/src/problem.rs': /\(\s*"([a-z_]+)",\s*"/g,
  'api/src/routes/devices.rs': /\brefused\("([a-z_]+)"/g,
  'api/src/routes/hooks.rs': /\brefused\([^"()]*"([a-z_]+)"/g,
  'api/src/service/answers.rs': /\bfailed\("([a-z_]+)"/g,
  'signin/src/oidc.rs': /\brefused\("([a-z_]+)"/g,
};

/** The program's sources by their path, without tests. */
function sources(): Map<string, string> {
  const names = readdirSync(HOST, { recursive: true, encoding: 'utf8' }).map((name) => name.replaceAll('\\', '/'));
  const own = names.filter((name) => /^[\w-]+\/src\/.*\.rs$/.test(name) && !/test/.test(name));
  return new Map(own.map((name) => [name, readFileSync(join(HOST, name), 'utf8')]));
}

const all = sources();
const codes = new Set<string>();
for (const [name, text] of all) {
  const there = WRITTEN_THERE[name];
  for (const pattern of there === undefined ? WRITTEN : [...WRITTEN, there]) {
    for (const [, code] of text.matchAll(pattern)) if (code !== undefined) codes.add(code);
  }
}

describe('the codes of the server', () => {
  it('are found in its sources', () => {
    for (const name of Object.keys(WRITTEN_THERE)) expect(all.has(name), name).toBe(true);
    expect(codes.size).toBeGreaterThan(80);
    for (const code of ['denied', 'not_json', 'workflow_in_use', 'signature_refused', 'invalid_answer', 'wrong_answer', 'slow_down']) {
      expect(codes).toContain(code);
    }
  });

  it('have a sentence of advice each, or none is needed', () => {
    const silent = [...codes].filter((code) => !(code in ADVICE) && !SAY_ALL.includes(code) && !FOR_PROGRAMS.includes(code));
    expect(silent.sort()).toEqual([]);
    for (const [code, advice] of Object.entries(ADVICE)) expect(advice, code).toMatch(/^[A-Z].*\.$/);
  });

  it('are those that there is advice for', () => {
    const texts = [...all.values()];
    const gone = [...Object.keys(ADVICE), ...SAY_ALL, ...FOR_PROGRAMS].filter(
      (code) => !OWN.includes(code) && !texts.some((text) => text.includes(`"${code}"`)),
    );
    expect(gone).toEqual([]);
  });
});
