import { createHash } from 'node:crypto';
import { linkSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Stop, say } from './stop.mjs';

const longestWaitMs = 15 * 60_000;

/**
 * Runs `work` while no other start does set-up in the same checkout: two `npm ci` in one folder destroy each other.
 * The lock lives in the temporary folder, because npm empties node_modules and the checkout should stay clean.
 * @param {string} root the checkout
 * @param {() => void} work
 */
export async function withSetupLock(root, work) {
  const lock = join(tmpdir(), `skyflow-setup-${createHash('sha256').update(root).digest('hex').slice(0, 16)}`);
  await take(lock);
  try {
    work();
  } finally {
    rmSync(lock, { force: true });
  }
}

async function take(lock) {
  const untilMs = Date.now() + longestWaitMs;
  let told = false;
  while (!tryTake(lock)) {
    const holder = readHolder(lock);
    if (holder !== undefined && !isAlive(holder)) {
      rmSync(lock, { force: true });
      continue;
    }
    if (Date.now() > untilMs)
      throw new Stop(`Process ${holder} has been installing for too long.`, `End it, or remove ${lock}.`);
    if (!told) say(`waiting for process ${holder ?? 'unknown'}, which is installing the packages ...`);
    told = true;
    await sleep(200);
  }
}

/** A link appears with its content, so nobody ever reads an empty lock. */
function tryTake(lock) {
  const own = `${lock}.${process.pid}`;
  try {
    writeFileSync(own, String(process.pid));
    linkSync(own, lock);
    return true;
  } catch (error) {
    if (error.code === 'EEXIST') return false;
    throw error;
  } finally {
    rmSync(own, { force: true });
  }
}

function readHolder(lock) {
  try {
    return Number(readFileSync(lock, 'utf8'));
  } catch {
    return undefined;
  }
}

function isAlive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === 'EPERM';
  }
}
