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
