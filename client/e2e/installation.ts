/** Starts the platform as several processes, over PostgreSQL, RabbitMQ and Redis. */
import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from './loopback';

/** As a superuser; each installation gets a database of its own. */
const DATABASE = process.env.DATABASE_URL ?? 'postgres://postgres@127.0.0.1:5432/test';
const AMQP = process.env.AMQP_URL ?? 'amqp://guest:guest@127.0.0.1:5672';
const REDIS = process.env.REDIS_URL ?? 'redis://127.0.0.1:6379';

/** No superuser, so that row-level security holds for it; the tests of the server have the same. */
const ROLE = 'bifrost_tests';
const PASSWORD = 'bifrost-tests-secret';

/** Longest that the processes may take to get ready, in milliseconds. */
const START = 180_000;

const PROCESSES = ['api', 'worker', 'scheduler'] as const;

export interface Installation {
  url: string;
  setUp: string;
  /** The first administrator's key. */
  key: string;
  /** Ends the processes, and removes what they have kept. */
  stop: () => Promise<void>;
}

interface Started {
  process: ChildProcess;
  health: string;
  printed: () => string;
}

/** Starts one of each. `cache` is another server's compiled code. */
export async function startInstallation(program: string, cache: string): Promise<Installation> {
  const data = mkdtempSync(join(tmpdir(), 'bifrost-ui-distributed-'));
  symlinkSync(cache, join(data, 'cache'));
  const database = createDatabase();
  const port = await freePort();
  const url = `http://localhost:${port}`;
  const settings = {
    DATABASE_URL: database.url,
    AMQP_URL: AMQP,
    // Queues outlive their test: one for each checkout.
    BIFROST_QUEUE: `bifrost.ui.${createHash('sha256').update(import.meta.dirname).digest('hex').slice(0, 12)}`,
    REDIS_URL: REDIS,
    BIFROST_MASTER_KEY: randomBytes(32).toString('base64'),
    BIFROST_DATA: data,
    BIFROST_LISTEN: `127.0.0.1:${port}`,
    BIFROST_PUBLIC_URL: url,
    BIFROST_PROCESSES: '1',
  };
  const all: Started[] = [];
  const stop = async () => {
    await Promise.all(all.map(end));
    database.drop();
    rmSync(data, { recursive: true, force: true });
  };
  try {
    for (const name of PROCESSES) {
      const started = start(program, name, settings, `127.0.0.1:${await freePort()}`);
      all.push(started);
      await ready(name, started);
    }
    const printed = all.map((one) => one.printed()).join('');
    const setUp = /(http:\S+#set-up=\S+)/.exec(printed)?.[1];
    if (setUp === undefined) throw new Error(`no address for the first administrator:\n${printed}`);
    return { url, setUp, key: readFileSync(join(data, 'admin.key'), 'utf8').trim(), stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

function start(program: string, name: string, settings: NodeJS.ProcessEnv, health: string): Started {
  const child = spawn(program, [name], {
    env: { ...process.env, ...settings, BIFROST_HEALTH_LISTEN: health },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let printed = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (printed += chunk.toString()));
  return { process: child, health: `http://${health}/health/ready`, printed: () => printed };
}

async function ready(name: string, { process: child, health, printed }: Started): Promise<void> {
  const deadline = Date.now() + START;
  while (Date.now() < deadline) {
    if (child.exitCode !== null) break;
    const answer = await fetch(health).catch(() => undefined);
    if (answer?.ok === true) return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error(`bifrost ${name} did not get ready:\n${printed()}`);
}

async function end({ process: child }: Started): Promise<void> {
  if (child.exitCode !== null) return;
  const ended = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGTERM');
  await ended;
}

function createDatabase(): { url: string; drop: () => void } {
  const name = `bifrost_ui_${randomBytes(8).toString('hex')}`;
  const sql = (text: string) =>
    execFileSync('psql', ['--no-psqlrc', '--quiet', '--set', 'ON_ERROR_STOP=1', '--dbname', DATABASE], { input: text, stdio: ['pipe', 'ignore', 'inherit'] });
  sql(`DO $$ BEGIN IF NOT EXISTS (SELECT 1 FROM pg_roles WHERE rolname = '${ROLE}') THEN
         CREATE ROLE ${ROLE} LOGIN PASSWORD '${PASSWORD}' NOSUPERUSER; END IF; END $$;
       CREATE DATABASE ${name} OWNER ${ROLE};`);
  const url = new globalThis.URL(DATABASE);
  url.username = ROLE;
  url.password = PASSWORD;
  url.pathname = `/${name}`;
  return { url: url.href, drop: () => void sql(`DROP DATABASE ${name} WITH (FORCE);`) };
}
