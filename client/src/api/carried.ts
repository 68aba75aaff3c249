/** Answers that came with the page: what its screen asks for at once. Each is taken once. */

/** Taken no later than this after the page was asked for, in milliseconds: what is asked for again should be new. */
const FRESH = 30_000;

interface Answer {
  status: number;
  body: unknown;
}

interface Carried {
  /** The organization that the page's address names. */
  organization: string | null;
  /** By path and query. */
  answers: Record<string, Answer>;
}

const NOTHING: Carried = { organization: null, answers: {} };

/** Takes answers out of what a page carried, as long as nothing was changed since. */
export class CarriedAnswers {
  private carried: Carried;
  private readonly age: () => number;

  constructor(text: string | null | undefined, age: () => number) {
    this.carried = text == null ? NOTHING : (JSON.parse(text) as Carried);
    this.age = age;
  }

  /** The answer to a request about an organization, if the page carried it. */
  take(request: Request, organization: string | undefined): Response | undefined {
    // Whoever signs in, out, or changes something asks anew.
    if (request.method !== 'GET') this.carried = NOTHING;
    const { pathname, search } = new URL(request.url);
    const answer = this.pick(pathname + search, organization, () => true);
    return answer && Response.json(answer.body, { status: answer.status });
  }

  /** What a path answered, if the page carried it and it was no refusal: a query begins with it, and its screen is
   *  drawn once. */
  data<T>(path: string, organization: string | undefined): T | undefined {
    return this.pick(path, organization, ({ status }) => status === 200)?.body as T | undefined;
  }

  private pick(path: string, organization: string | undefined, fits: (answer: Answer) => boolean): Answer | undefined {
    if (this.age() > FRESH || (this.carried.organization ?? undefined) !== organization) return undefined;
    const answer = this.carried.answers[path];
    if (answer === undefined || !fits(answer)) return undefined;
    delete this.carried.answers[path];
    return answer;
  }
}

/** What this page carried. */
export const carried = new CarriedAnswers(
  globalThis.document?.getElementById('carried')?.textContent,
  () => performance.now(),
);
