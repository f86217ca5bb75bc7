import type { Connection } from './connection.ts';
import type { Frame } from './frames.ts';

/** The open connections of this process, by user. */
export class Hub {
  readonly #byUser = new Map<string, Connection[]>();
  #size = 0;

  get size(): number {
    return this.#size;
  }
  get users(): number {
    return this.#byUser.size;
  }

  add(connection: Connection): void {
    const own = this.#byUser.get(connection.userId);
    if (own === undefined) this.#byUser.set(connection.userId, [connection]);
    else own.push(connection);
    this.#size += 1;
  }

  /** Safe to call twice. */
  remove(connection: Connection): void {
    const own = this.#byUser.get(connection.userId);
    const index = own?.indexOf(connection) ?? -1;
    if (own === undefined || index < 0) return;
    own.splice(index, 1);
    this.#size -= 1;
    if (own.length === 0) this.#byUser.delete(connection.userId);
  }

  /** To the connections of the frame's user, and to nobody else. */
  deliver(frame: Frame): void {
    for (const connection of this.#byUser.get(frame.userId) ?? []) connection.deliver(frame);
  }

  /** All connections as they are now: closing some of them meanwhile is safe. */
  all(): Connection[] {
    return [...this.#byUser.values()].flat();
  }

  /** Heartbeats that are due, and an end to connections that have taken nothing for too long. */
  tick(nowMs: number, limits: { readonly heartbeatMs: number; readonly stallTimeoutMs: number }): void {
    for (const connection of this.all()) {
      if (nowMs - (connection.blockedSinceMs ?? nowMs) >= limits.stallTimeoutMs) connection.cut('stalled');
      if (connection.nextBeatMs > nowMs) continue;
      connection.nextBeatMs = nowMs + limits.heartbeatMs;
      connection.beat();
    }
  }
}
