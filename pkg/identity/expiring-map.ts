import type { Clock } from '#pkg/runtime/clock.ts';

/** A cache whose size and ages are bounded. */
export interface ExpiringMap<V> {
  get(key: string): V | undefined;
  set(key: string, value: V, ttlMs: number): void;
  delete(key: string): void;
  readonly size: number;
}

/** Throws out what was not read for the longest time when it holds more than `maxEntries`. */
export function createExpiringMap<V>(maxEntries: number, clock: Clock): ExpiringMap<V> {
  // A Map keeps the order of insertion, so deleting and inserting again moves an entry to the young end.
  const entries = new Map<string, { value: V; endsAtMs: number }>();
  return {
    get(key) {
      const entry = entries.get(key);
      if (entry === undefined) return undefined;
      entries.delete(key);
      if (entry.endsAtMs <= clock.nowMs()) return undefined;
      entries.set(key, entry);
      return entry.value;
    },
    set(key, value, ttlMs) {
      entries.delete(key);
      entries.set(key, { value, endsAtMs: clock.nowMs() + ttlMs });
      for (const oldest of entries.keys()) {
        if (entries.size <= maxEntries) break;
        entries.delete(oldest);
      }
    },
    delete: (key) => void entries.delete(key),
    get size() {
      return entries.size;
    },
  };
}
