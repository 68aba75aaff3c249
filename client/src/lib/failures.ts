/** What ended a run, in words. */

/** Limits of a run, as `limit_exceeded:` names them. */
const LIMITS: Readonly<Record<string, string>> = {
  wall_ms: 'Took longer than it may',
  fuel: 'Computed more than it may',
  memory_bytes: 'Needed more memory than it may',
  stack: 'Called itself too deeply',
  log_bytes: 'Logged more than it may',
  result_bytes: 'Its result is too large',
  http_calls: 'Made more HTTP calls than it may',
};

const OTHERS: Readonly<Record<string, string>> = {
  worker_lost: 'Its worker was lost',
  dead_letter: 'No worker took it',
};

/** `Took longer than it may` for `limit_exceeded:wall_ms`; the name of a Python exception stays. */
export function failureWords(type: string): string {
  const limit = /^limit_exceeded:(.+)$/.exec(type)?.[1];
  if (limit === undefined) return OTHERS[type] ?? type;
  return LIMITS[limit] ?? `Reached its limit of ${limit.replaceAll('_', ' ')}`;
}
