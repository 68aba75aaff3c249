/** Files on their way: what may be sent, and sending with progress. */
import { problemOf } from '@/api/problem';
import { bytes } from './format';

/** Bytes of a megabyte, as limits are written. */
const MB = 1_048_576;
/** The largest file that the platform takes, in megabytes. */
export const LARGEST_MB = 32;
/** The largest number of files in one field. */
export const MOST_FILES = 20;

interface Rules {
  allowed_types?: string[] | null;
  max_size_mb?: number | null;
}

/** What is wrong with a file before it is sent. */
export function fileProblem(rules: Rules, file: { name: string; size: number; type: string }): string | undefined {
  const most = (rules.max_size_mb ?? LARGEST_MB) * MB;
  if (file.size > most) return `“${file.name}” has ${bytes(file.size)}; choose one of at most ${bytes(most)}`;
  if (file.size === 0) return `“${file.name}” is empty; choose another file`;
  const allowed = rules.allowed_types ?? [];
  if (allowed.length > 0 && file.type !== '' && !allowed.some((type) => covers(type, file.type))) {
    return `“${file.name}” is ${file.type}; choose ${allowed.join(' or ')}`;
  }
  return undefined;
}

/** Whether `image/*` or `image/png` covers a type. */
function covers(pattern: string, type: string): boolean {
  const [wanted, is] = [pattern.trim().toLowerCase(), type.toLowerCase()];
  if (wanted === '*/*' || wanted === is) return true;
  return wanted.endsWith('/*') && is.startsWith(wanted.slice(0, -1));
}

interface Slot {
  url: string;
  method: string;
  content_type: string;
}

/** Sends a file to a signed address. `progress` is told the share that is on its way, 0 to 1. */
export function send(slot: Slot, file: File, progress: (share: number) => void, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    // Signed addresses are pages of this server, whatever name it is reached by.
    const { pathname, search } = new URL(slot.url, location.href);
    request.open(slot.method, pathname + search);
    request.setRequestHeader('content-type', slot.content_type);
    request.upload.addEventListener('progress', (event) => {
      if (event.lengthComputable) progress(event.loaded / event.total);
    });
    request.addEventListener('load', () => {
      if (request.status >= 200 && request.status < 300) resolve();
      else reject(problemOf(request.status, parsed(request.responseText)));
    });
    request.addEventListener('error', () => reject(new TypeError('the file could not be sent')));
    request.addEventListener('abort', () => reject(new DOMException('taken back', 'AbortError')));
    signal.addEventListener('abort', () => request.abort(), { once: true });
    if (signal.aborted) request.abort();
    else request.send(file);
  });
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}
