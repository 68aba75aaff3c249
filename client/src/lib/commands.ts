/** The commands that do what the page does, to be copied into a terminal. */

/** One word of a POSIX shell. */
export const quote = (text: string): string =>
  /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;

/** `bifrost run`, with parameters that are not what they would be anyhow. */
export function runCommand(workflow: string, input: Record<string, unknown>): string {
  const parameters = Object.entries(input).map(([name, value]) => {
    const text = typeof value === 'string' ? value : JSON.stringify(value);
    return `--param ${quote(`${name}=${text}`)}`;
  });
  return [`bifrost run ${quote(workflow)}`, ...parameters].join(' ');
}

/** The same as a request; the key comes from the environment. */
export function curlCommand(
  origin: string,
  workflow: string,
  input: Record<string, unknown>,
  organization?: string,
): string {
  const body = JSON.stringify({ workflow_id: workflow, input_data: input, sync: true });
  return [
    `curl ${quote(`${origin}/api/workflows/execute`)}`,
    `-H "Authorization: Bearer $BIFROST_KEY"`,
    ...(organization === undefined ? [] : [`-H 'X-Bifrost-Organization: ${organization}'`]),
    `-H 'Content-Type: application/json'`,
    `-d ${quote(body)}`,
  ].join(' \\\n  ');
}

/** How an endpoint is called. */
export interface Call {
  method: string;
  address: string;
  input: Record<string, unknown>;
  /** It asks for no key. */
  open: boolean;
}

/** Where the parameters of a call go: into the address, or into a body of JSON. */
export function endpointRequest({ method, address, input }: Omit<Call, 'open'>): { url: string; body: string | undefined } {
  const values = Object.entries(input);
  const inQuery = method === 'GET' || method === 'DELETE';
  if (values.length === 0) return { url: address, body: undefined };
  if (!inQuery) return { url: address, body: JSON.stringify(input) };
  const text = (value: unknown) => (typeof value === 'string' ? value : JSON.stringify(value));
  // A field that is there several times is a list.
  const pairs = values.flatMap(([name, value]) => (Array.isArray(value) && value.length > 1 ? value : [value]).map((one: unknown): [string, string] => [name, text(one)]));
  return { url: `${address}?${new URLSearchParams(pairs).toString()}`, body: undefined };
}

/** A request of an endpoint; the key comes from the environment. */
export function endpointCommand({ method, address, input, open }: Call): string {
  const { url, body } = endpointRequest({ method, address, input });
  return [
    `curl ${method === 'GET' || (method === 'POST' && body !== undefined) ? '' : `-X ${method} `}${quote(url)}`,
    ...(open ? [] : ['-H "X-Bifrost-Key: $BIFROST_KEY"']),
    ...(body === undefined ? [] : [`-H 'Content-Type: application/json'`, `-d ${quote(body)}`]),
  ].join(' \\\n  ');
}

/** Something for each parameter that a call cannot do without. */
export const exampleInput = (parameters: readonly { name: string; type: string; required: boolean; default_value?: unknown }[]): Record<string, unknown> =>
  Object.fromEntries(parameters.filter(({ required }) => required).map(({ name, type, default_value }) => [name, default_value ?? EXAMPLES[type] ?? 'text']));

const EXAMPLES: Record<string, unknown> = { string: 'text', int: 7, float: 1.5, bool: true, list: ['text'], json: {} };
