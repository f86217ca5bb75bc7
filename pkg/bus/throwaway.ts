import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { createLogger } from '#pkg/runtime/log.ts';
import { type Bus, openBus } from './client.ts';

/** A bus for one test file. */
export interface ThrowawayBus {
  bus: Bus;
  /** Another connection to the same server, as another process has one; closed with the rest. */
  connect(): Promise<Bus>;
  /** Ends the server as a power cut does. It starts again by itself. */
  killServer(): void;
  /** Makes the server hang, and waits until it does; call what it returns to let it go on. */
  pauseServer(): Promise<() => void>;
  close(): Promise<void>;
}

/** Starts a NATS of its own in a temporary folder, without any streams. */
export async function openThrowawayBus(): Promise<ThrowawayBus> {
  const folder = mkdtempSync(join(tmpdir(), 'skyflow-bus-'));
  const log = createLogger({ level: 'silent' });
  const bus = await openBus({ log, dataDir: folder });
  const others: Bus[] = [];
  const pid = () => Number(readFileSync(join(folder, 'nats', 'server.pid'), 'utf8'));
  return {
    bus,
    async connect() {
      const other = await openBus({ log, url: bus.url });
      others.push(other);
      return other;
    },
    killServer: () => void process.kill(pid(), 'SIGKILL'),
    async pauseServer() {
      const paused = pid();
      process.kill(paused, 'SIGSTOP');
      // A signal may take a while to reach all threads of a busy machine.
      while ((await Promise.race([bus.nc.rtt(), delay(200, undefined)])) !== undefined) await delay(10);
      return () => void process.kill(paused, 'SIGCONT');
    },
    async close() {
      await Promise.all(others.map((other) => other.close()));
      await bus.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
