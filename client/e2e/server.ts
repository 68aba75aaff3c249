/** Starts `bifrost up` on a free port with an empty folder, and keeps what it prints. */
import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from './loopback';
import { packageIndex } from './package-index';

const ROOT = join(import.meta.dirname, '../..');

/** What servers printed, by their ports. */
const LOGS = join(ROOT, 'target/ui-servers');

/** Longest that the program may take to start, in milliseconds: it compiles the base once. */
const START = 180_000;

export interface Server {
  /** The UI's address, without a slash at the end. */
  url: string;
  /** The address that the first start prints; it makes the first administrator. */
  setUp: string;
  /** The data folder. */
  data: string;
  /** Path of the program. */
  program: string;
  /** Ends the server and removes its data. */
  stop: () => Promise<void>;
}

interface Options {
  /** Folder that is deployed at the start; without it nothing is. */
  workspace?: string;
  /** Folder with another server's compiled code, which saves compiling the base again. */
  cache?: string;
  /** Address of the index that packages come from. */
  packages?: string;
}

export async function startServer({ workspace, cache, packages }: Options): Promise<Server> {
  const data = mkdtempSync(join(tmpdir(), 'bifrost-ui-'));
  if (cache !== undefined) symlinkSync(cache, join(data, 'cache'));
  const port = await freePort();
  // Passkeys need a host name, and cookies stay with it.
  const url = `http://localhost:${port}`;
  const program = process.env.BIFROST ?? join(ROOT, 'target/debug/bifrost');
  const deployed = workspace === undefined ? [] : ['--workspace', workspace];
  const server = spawn(program, ['up', ...deployed, '--listen', `127.0.0.1:${port}`, '--public-url', url], {
    // The tests have servers of their own on the loopback, for OAuth.
    env: {
      ...process.env,
      BIFROST_DATA: data,
      BIFROST_EGRESS_PRIVATE: 'true',
      ...(packages === undefined ? {} : { BIFROST_PACKAGE_INDEX: packages }),
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let printed = '';
  const collect = (chunk: Buffer) => {
    printed += chunk.toString();
  };
  server.stdout.on('data', collect);
  server.stderr.on('data', collect);
  const ended = new Promise((resolve) => server.once('exit', resolve));
  const stop = async () => {
    server.kill('SIGTERM');
    await ended;
    mkdirSync(LOGS, { recursive: true });
    writeFileSync(join(LOGS, `${port}.log`), printed);
    rmSync(data, { recursive: true, force: true });
  };
  const isReady = async () => {
    const key = readFileSync(join(data, 'admin.key'), 'utf8').trim();
    const answer = await fetch(`${url}/api/workspace`, { headers: { authorization: `Bearer ${key}` } }).catch(() => undefined);
    if (answer?.ok !== true) return undefined;
    const { version } = (await answer.json()) as { version: unknown };
    return version === null && workspace !== undefined ? undefined : true;
  };
  try {
    const setUp = await until(() => {
      if (server.exitCode !== null) throw new Error(`bifrost ended:\n${printed}`);
      return /(http:\S+#set-up=\S+)/.exec(printed)?.[1];
    }, () => printed);
    await until(isReady, () => printed);
    return { url, setUp, data, program, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** The server that all files share, with the example workspace and an index of packages. */
export default async function start(): Promise<() => Promise<void>> {
  const index = await packageIndex();
  const { url, setUp, data, program, stop } = await startServer({ workspace: join(ROOT, 'examples/starter'), packages: index.url });
  process.env.UI_URL = url;
  process.env.UI_SET_UP = setUp;
  process.env.UI_DATA = data;
  process.env.UI_PROGRAM = program;
  return async () => {
    await stop();
    index.close();
  };
}

async function until<T>(look: () => T | undefined | Promise<T | undefined>, told: () => string): Promise<T> {
  const end = Date.now() + START;
  while (Date.now() < end) {
    const found = await look();
    if (found !== undefined) return found;
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  throw new Error(`the server did not get ready:\n${told()}`);
}
