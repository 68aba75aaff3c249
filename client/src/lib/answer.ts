/** An answer of HTTP, as people read it. */
import { explain, problemOf, type Explained } from '@/api/problem';

export interface Answer {
  status: number;
  /** From the request to the last byte, in milliseconds. */
  took: number;
  headers: [string, string][];
  body: string;
}

/** Characters of a body that are shown. */
export const SHOWN = 100_000;

/** Sends a request as somebody from outside: who is signed in here counts for nothing. */
export async function send(url: string, request: RequestInit): Promise<Answer> {
  const begun = performance.now();
  const answer = await fetch(url, { ...request, credentials: 'omit', redirect: 'manual', cache: 'no-store' });
  if (answer.type === 'opaqueredirect') throw new Error('It leads to another address, which a browser does not show. Use the command.');
  const body = await answer.text();
  return { status: answer.status, took: performance.now() - begun, headers: [...answer.headers], body };
}

export const headerOf = ({ headers }: Answer, name: string): string | undefined => headers.find(([one]) => one.toLowerCase() === name)?.[1];

/** The body, with JSON in lines. */
export function bodyText(answer: Answer): string {
  const text = /json/.test(headerOf(answer, 'content-type') ?? '') ? inLines(answer.body) : answer.body;
  return text.slice(0, SHOWN);
}

function inLines(text: string): string {
  const value = parsed(text);
  return value === undefined ? text : JSON.stringify(value, null, 2);
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

/** What is wrong, where the platform says so; a workflow's own answer speaks for itself. */
export function problemIn(answer: Answer): Explained | undefined {
  if (headerOf(answer, 'content-type')?.startsWith('application/problem+json') !== true) return undefined;
  return explain(problemOf(answer.status, parsed(answer.body)));
}
