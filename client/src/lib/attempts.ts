/** Why another attempt of a run followed. */

/** In words, from `worker_lost`, `dead_letter:…` or `error:…`; what is behind the colon may be missing. */
export function causeWords(cause: string): string {
  const [kind, detail] = [cause.replace(/:.*$/s, ''), /^[^:]*:(.+)$/s.exec(cause)?.[1]];
  switch (kind) {
    case 'worker_lost':
      return 'Its worker was lost';
    case 'dead_letter':
      return detail === undefined ? 'No worker took it' : `No worker took it (${detail})`;
    case 'error':
      return detail === undefined ? 'It failed' : `It failed with ${detail}`;
    default:
      return cause;
  }
}
