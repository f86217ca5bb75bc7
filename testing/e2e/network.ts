import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { AtpAgent } from '@atproto/api';
import type { TestNetwork } from '@atproto/dev-env';
import { systemClock } from '../../pkg/runtime/clock.ts';
import { createLogger } from '../../pkg/runtime/log.ts';
import { type Bridge, startBridge } from './bridge.ts';
import { startPostgres } from './postgres.ts';
import { type Skyflow, startSkyflow } from './skyflow.ts';

/** An account of the network, with its owner signed in at the PDS. */
export interface Account {
  /** As given; the handle is this and `.test`. */
  readonly name: string;
  readonly did: string;
  readonly handle: string;
  readonly agent: AtpAgent;
}

/**
 * A whole network on this machine, offline: a PLC directory, a PDS and an AppView, as the real ones are made of, and Skyflow
 * reading it. `await using` it: it is ended with all its processes and files, also after a test that failed.
 */
export interface Network extends AsyncDisposable {
  readonly accounts: readonly Account[];
  /** By name. */
  account(name: string): Account;
  /** Signed in at the PDS, which passes on what is the AppView's to answer. */
  agent(name: string): AtpAgent;
  /** Asks the AppView itself, as nobody in particular. */
  readonly appViewAgent: AtpAgent;
  readonly skyflow: Skyflow;
  readonly bridge: Bridge;
  /** The parts themselves, for what is not foreseen here. */
  readonly parts: TestNetwork;
  /** Waits until the AppView and Skyflow know everything that the PDS knows at this moment. */
  caughtUp(): Promise<void>;
}

/** Longer than that to catch up is a failure, not a slow machine. */
const PATIENCE_MS = 180_000;

/** Starts one with these accounts: letters and digits, at least three. */
export const startNetwork = async (names: readonly string[]): Promise<Network> => {
  await using started = new AsyncDisposableStack();
  const folder = await mkdtemp(join(tmpdir(), 'skyflow-net-'));
  started.defer(() => rm(folder, { recursive: true, force: true, maxRetries: 3 }));
  // PostgreSQL runs as somebody else, whose folder is below this one.
  await chmod(folder, 0o711);
  const parts = await startParts(folder, started);
  const bridge = started.use(await startBridge(parts.pds));
  const skyflow = started.use(await startSkyflow({ folder, jetstreamUrl: bridge.url, plcUrl: parts.plc.url }));
  const accounts: Account[] = [];
  for (const name of names) accounts.push(await createAccount(parts, name));
  const account = (name: string): Account => {
    const found = accounts.find((each) => each.name === name);
    if (found === undefined) throw new Error(`there is no account ${name}`);
    return found;
  };
  const ending = started.move();
  return {
    accounts,
    account,
    agent: (name) => account(name).agent,
    appViewAgent: parts.bsky.getAgent(),
    skyflow,
    bridge,
    parts,
    caughtUp: () => catchUp(parts, bridge, skyflow),
    [Symbol.asyncDispose]: () => ending.disposeAsync(),
  };
};

/** PLC, PDS and AppView, in this process. */
const startParts = async (folder: string, started: AsyncDisposableStack): Promise<TestNetwork> => {
  const postgres = started.use(await startPostgres(folder, createLogger({ level: 'silent' })));
  const env = {
    DB_POSTGRES_URL: postgres.url,
    DB_POSTGRES_SCHEMA: 'skyflow',
    // Asked for by name, and then opened by nobody.
    REDIS_HOST: '127.0.0.1:1',
    LOG_ENABLED: 'false',
    // What these servers keep in files they never remove.
    TMPDIR: folder,
  };
  const before = Object.keys(env).map((name) => [name, process.env[name]] as const);
  started.defer(() => {
    for (const [name, value] of before) {
      if (value === undefined) delete process.env[name];
      else process.env[name] = value;
    }
  });
  Object.assign(process.env, env);
  // Only now: they read the environment when they are loaded.
  const { TestNetwork } = await import('@atproto/dev-env');
  const parts = started.use(await TestNetwork.create());
  indexInOrder(parts);
  return parts;
};

/**
 * The test AppView handles the events of different accounts at the same time, and two that count the likes of one post at once
 * may both store the lower number, for good. One after the other its counts are what its own tables say.
 */
const indexInOrder = (parts: TestNetwork): void => {
  const { current, background } = parts.bsky.sub as unknown as {
    current?: { runner: { mainQueue: { concurrency: number } } };
    background: { queue: { concurrency: number } };
  };
  if (current === undefined) throw new Error('the AppView does not read the PDS');
  current.runner.mainQueue.concurrency = 1;
  background.queue.concurrency = 1;
};

const createAccount = async (parts: TestNetwork, name: string): Promise<Account> => {
  const agent = parts.pds.getAgent();
  const handle = `${name}.test`;
  const { data } = await agent.createAccount({ handle, email: `${name}@example.com`, password: `password-of-${name}` });
  return { name, did: data.did, handle, agent };
};

const catchUp = async (parts: TestNetwork, bridge: Bridge, skyflow: Skyflow): Promise<void> => {
  const deadline = AbortSignal.timeout(PATIENCE_MS);
  await parts.processAll(PATIENCE_MS);
  // By then it has every event; what it counts after the last ones may still be under way.
  await parts.bsky.sub.processAll();
  const seq = (await parts.pds.ctx.sequencer.curr()) ?? 0;
  while (bridge.seq < seq && !deadline.aborted) await systemClock.sleep(10);
  const wantedUs = bridge.wantedUs;
  let durableUs = 0;
  while (durableUs < wantedUs && !deadline.aborted) {
    durableUs = (await skyflow.status()).cursor?.timeUs ?? 0;
    if (durableUs < wantedUs) await systemClock.sleep(50);
  }
  if (bridge.errors.length > 0) throw new AggregateError(bridge.errors, 'the firehose could not be read');
  if (deadline.aborted) {
    const missing = { seq, bridge: bridge.seq, wantedUs, durableUs };
    throw new Error(`not caught up: ${JSON.stringify(missing)}\n${skyflow.lastLines()}`);
  }
};
