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

/** A request of an endpoint; the key comes from the environment. */
export function endpointCommand({ method, address, input, open }: Call): string {
  const values = Object.entries(input);
  const inQuery = method === 'GET' || method === 'DELETE';
  const pairs = values.map(([name, value]): [string, string] => [name, typeof value === 'string' ? value : JSON.stringify(value)]);
  const query = inQuery && pairs.length > 0 ? `?${new URLSearchParams(pairs).toString()}` : '';
  return [
    `curl ${method === 'GET' || (method === 'POST' && values.length > 0) ? '' : `-X ${method} `}${quote(`${address}${query}`)}`,
    ...(open ? [] : ['-H "X-Bifrost-Key: $BIFROST_KEY"']),
    ...(inQuery || values.length === 0 ? [] : [`-H 'Content-Type: application/json'`, `-d ${quote(JSON.stringify(input))}`]),
  ].join(' \\\n  ');
}

/** Something for each parameter that a call cannot do without. */
export const exampleInput = (parameters: readonly { name: string; type: string; required: boolean; default_value?: unknown }[]): Record<string, unknown> =>
  Object.fromEntries(parameters.filter(({ required }) => required).map(({ name, type, default_value }) => [name, default_value ?? EXAMPLES[type] ?? 'text']));

const EXAMPLES: Record<string, unknown> = { string: 'text', int: 7, float: 1.5, bool: true, list: ['text'], json: {} };
