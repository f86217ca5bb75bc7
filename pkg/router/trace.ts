import type { AuditEntry } from './audit.ts';

/** An entry in its place in the tree, as it is drawn from top to bottom. */
export interface TraceLine {
  readonly entry: AuditEntry;
  /** 0: nothing that is known caused it, but the request. */
  readonly depth: number;
  /** When it happened, ms since 1970. */
  readonly atMs: number;
}

/**
 * Puts what one request caused into a tree: an event under the event that caused it, a dead letter and a replay under
 * their own event, or, where that was never audited, under what caused it. Whatever has no cause here stands at the root.
 * Siblings are in the order of their times. Loops, which no honest program writes, are cut open at the earliest event.
 */
export const traceTree = (entries: readonly AuditEntry[]): readonly TraceLine[] => {
  const inOrder = entries.toSorted((a, b) => timeOf(a) - timeOf(b) || rankOf(a) - rankOf(b));
  const events = new Set(inOrder.filter(({ kind }) => kind === 'event').map(({ eventId }) => eventId));
  const children = new Map<string, AuditEntry[]>();
  const roots: AuditEntry[] = [];
  for (const entry of inOrder) {
    const parent = parentOf(entry, events);
    if (parent === undefined) roots.push(entry);
    else children.set(parent, [...(children.get(parent) ?? []), entry]);
  }
  const lines: TraceLine[] = [];
  const placed = new Set<AuditEntry>();
  const place = (root: AuditEntry): void => {
    const waiting = [{ entry: root, depth: 0 }];
    for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
      const { entry, depth } = next;
      if (placed.has(entry)) continue;
      placed.add(entry);
      lines.push({ entry, depth, atMs: timeOf(entry) });
      if (entry.kind !== 'event') continue;
      const below = (children.get(entry.eventId) ?? []).map((child) => ({ entry: child, depth: depth + 1 }));
      waiting.push(...below.toReversed());
    }
  };
  for (const root of roots) place(root);
  // What is left hangs in a loop.
  for (const entry of inOrder) if (!placed.has(entry)) place(entry);
  return lines;
};

const parentOf = (entry: AuditEntry, events: ReadonlySet<string>): string | undefined => {
  const wanted = entry.kind === 'event' ? [entry.causationId] : [entry.eventId, entry.causationId];
  return wanted.find((id) => id !== '' && events.has(id) && !(entry.kind === 'event' && id === entry.eventId));
};

/** An event happened when it says so; the death and the replay of one when they were taken down. */
const timeOf = ({ kind, occurredAt, recordedAt }: AuditEntry): number =>
  (kind === 'event' ? (occurredAt ?? recordedAt) : recordedAt).getTime();

const rankOf = ({ kind }: AuditEntry): number => ['event', 'dead_letter', 'replay'].indexOf(kind);
