import {
  AckPolicy,
  type ConsumerConfig,
  type ConsumerInfo,
  DeliverPolicy,
  DiscardPolicy,
  JetStreamApiCodes,
  JetStreamApiError,
  RetentionPolicy,
  StorageType,
  type StreamConfig,
} from '@nats-io/jetstream';
import { nanos } from '@nats-io/transport-node';
import { systemClock } from '#pkg/runtime/clock.ts';
import { UserError } from '#pkg/runtime/errors.ts';
import type { Logger } from '#pkg/runtime/log.ts';
import type { Bus } from './client.ts';
import {
  DURABLE_LIMITS,
  DURABLES,
  type DurableSpec,
  type StreamName,
  type StreamSpec,
  STREAMS,
} from './stream-table.ts';

export { DURABLES, STREAMS } from './stream-table.ts';

/** Something on the server that differs from the table and stays so. */
export interface Difference {
  /** `TIMELINE`, or `TIMELINE/event-router` for a durable. */
  name: string;
  field: string;
  wanted: string;
  found: string;
  /** Why it was not changed. */
  why: string;
}

/** What `reconcileStreams` did. Names as in `Difference`. */
export interface ReconcileReport {
  created: string[];
  updated: string[];
  unchanged: string[];
  differences: Difference[];
}

/** The part of the bus that reconciling needs. */
export type StreamManager = Pick<Bus, 'jsm'>;

/**
 * Makes the server's streams and durables what the tables say: creates what is missing, updates what may be updated, and
 * reports the rest. Nothing is ever deleted. Any number of processes may do it at the same time.
 * @throws UserError when the server has no room for a stream; whatever the connection throws
 */
export async function reconcileStreams(bus: StreamManager, log: Logger): Promise<ReconcileReport> {
  const report = emptyReport();
  for (const stream of Object.keys(STREAMS) as StreamName[]) await reconcileStream(bus, stream, report);
  for (const durable of DURABLES) await reconcileDurable(bus, durable, report);
  const { created, updated, differences } = report;
  if (created.length + updated.length > 0) {
    // All of them at the first start: their names would say nothing new, and fill the terminal.
    const made = report.unchanged.length === 0 ? created.length : created;
    log.info({ created: made, updated }, 'streams and durables are as they should be');
  }
  for (const difference of differences) log.warn(difference, 'a stream or durable differs from what it should be');
  return report;
}

/** One stream with its durables, as `reconcileStreams` does: for a memory stream that a restart of the server took away. */
export async function ensureStream(bus: StreamManager, stream: StreamName, log?: Logger): Promise<ReconcileReport> {
  const report = emptyReport();
  await reconcileStream(bus, stream, report);
  for (const durable of DURABLES) if (durable.stream === stream) await reconcileDurable(bus, durable, report);
  if (report.created.length > 0)
    log?.warn({ created: report.created }, 'streams or durables were gone and are made anew');
  return report;
}

function emptyReport(): ReconcileReport {
  return { created: [], updated: [], unchanged: [], differences: [] };
}

/** A stream of the table in the server's words. */
export function streamConfig(name: StreamName): StreamConfigWanted {
  const spec: StreamSpec = STREAMS[name];
  return {
    name,
    subjects: [...spec.subjects],
    storage: spec.storage === 'file' ? StorageType.File : StorageType.Memory,
    retention: spec.retention === 'interest' ? RetentionPolicy.Interest : RetentionPolicy.Limits,
    discard: DiscardPolicy.Old,
    max_age: nanos(spec.maxAgeMs),
    max_msgs: spec.maxMessages ?? -1,
    max_bytes: spec.maxBytes ?? -1,
    max_msg_size: spec.maxMessageBytes ?? -1,
    duplicate_window: nanos(spec.duplicateWindowMs),
  };
}

/** The fields of a stream that are ours; all others (replicas, placement) are the operator's. */
export type StreamConfigWanted = Pick<
  StreamConfig,
  | 'name'
  | 'subjects'
  | 'storage'
  | 'retention'
  | 'discard'
  | 'max_age'
  | 'max_msgs'
  | 'max_bytes'
  | 'max_msg_size'
  | 'duplicate_window'
>;

/** A durable of the table in the server's words. */
export function durableConfig({ durable, filter }: DurableSpec) {
  return {
    durable_name: durable,
    ack_policy: AckPolicy.Explicit,
    deliver_policy: DeliverPolicy.All,
    ack_wait: nanos(DURABLE_LIMITS.ackWaitMs),
    max_deliver: DURABLE_LIMITS.maxDeliver,
    max_ack_pending: DURABLE_LIMITS.maxAckPending,
    filter_subject: filter,
  } satisfies Partial<ConsumerConfig>;
}

/** The server's codes for a stream whose byte limit is more than is left of its own. */
const NO_STORAGE = new Set([10_023, 10_028, 10_047]);
const FIND_TRIES = 5;
const FIND_PAUSE_MS = 100;

/** What no server changes in a stream or durable that exists. */
const FIXED = new Set(['storage', 'retention', 'ack_policy', 'deliver_policy']);

async function reconcileStream({ jsm }: StreamManager, stream: StreamName, report: ReconcileReport): Promise<void> {
  const wanted = streamConfig(stream);
  await reconcileOne(report, {
    name: stream,
    wanted,
    find: () =>
      found(
        () => jsm.streams.info(stream),
        (info) => info.config,
      ),
    add: () => jsm.streams.add(wanted),
    update: (changed) => jsm.streams.update(stream, changed),
  });
}

async function reconcileDurable({ jsm }: StreamManager, spec: DurableSpec, report: ReconcileReport): Promise<void> {
  const { stream, durable } = spec;
  const wanted = durableConfig(spec);
  await reconcileOne(report, {
    name: `${stream}/${durable}`,
    wanted,
    find: () => found(() => jsm.consumers.info(stream, durable), configOf),
    add: () => jsm.consumers.add(stream, withoutEmptyFilter(wanted)),
    update: (changed) => jsm.consumers.update(stream, durable, changed),
  });
}

/** The client would make an empty filter part of the subject that it asks on. */
function withoutEmptyFilter<C extends { filter_subject: string }>(config: C): Partial<C> {
  const { filter_subject: filter, ...others } = config;
  return (filter === '' ? others : config) as Partial<C>;
}

/** A server leaves a filter out that is empty. */
function configOf({ config }: ConsumerInfo): Partial<ConsumerConfig> {
  return { ...config, filter_subject: config.filter_subject ?? '' };
}

interface Subject<C extends object> {
  name: string;
  wanted: C;
  find(): Promise<object | undefined>;
  add(): Promise<unknown>;
  update(changed: Partial<C>): Promise<unknown>;
}

async function reconcileOne<C extends object>(report: ReconcileReport, subject: Subject<C>): Promise<void> {
  const { name, wanted } = subject;
  let present = await subject.find();
  if (present === undefined) {
    const refusal = await attempt(() => subject.add());
    if (refusal === undefined) {
      report.created.push(name);
      return;
    }
    // Another process may be making it; if so its settings are compared like any others.
    present = await findSoon(subject);
    if (present === undefined) {
      if (NO_STORAGE.has(refusal.code)) throw noRoom(refusal, wanted);
      report.differences.push({ name, field: '', wanted: 'present', found: 'missing', why: refusal.message });
      return;
    }
  }
  const different = differing(wanted, present);
  const changeable = different.filter((field) => !FIXED.has(field));
  const refusal = changeable.length === 0 ? undefined : await attempt(() => subject.update(pick(wanted, changeable)));
  for (const field of different) {
    const why = FIXED.has(field) ? 'cannot be changed once it exists' : refusal?.message;
    if (why !== undefined) report.differences.push({ name, field, ...values(wanted, present, field), why });
  }
  if (changeable.length > 0 && refusal === undefined) report.updated.push(name);
  else if (different.length === 0) report.unchanged.push(name);
}

/**
 * The server counts a stream's byte limit as taken before one can see the stream, and refuses a second maker for lack of
 * room meanwhile.
 */
async function findSoon({ find }: Pick<Subject<object>, 'find'>): Promise<object | undefined> {
  for (let tries = 0; tries < FIND_TRIES; tries += 1) {
    const present = await find();
    if (present !== undefined) return present;
    await systemClock.sleep(FIND_PAUSE_MS);
  }
  return undefined;
}

/** The server's refusal, or undefined where it did what was asked. Anything but a refusal is thrown. */
async function attempt(work: () => Promise<unknown>): Promise<JetStreamApiError | undefined> {
  try {
    await work();
    return undefined;
  } catch (error) {
    if (error instanceof JetStreamApiError) return error;
    throw error;
  }
}

async function found<I>(ask: () => Promise<I>, take: (info: I) => object): Promise<object | undefined> {
  try {
    return take(await ask());
  } catch (error) {
    if (!(error instanceof JetStreamApiError)) throw error;
    const missing: number[] = [JetStreamApiCodes.StreamNotFound, JetStreamApiCodes.ConsumerNotFound];
    if (missing.includes(error.code)) return undefined;
    throw error;
  }
}

function noRoom(cause: JetStreamApiError, wanted: object): UserError {
  const { name, max_bytes: maxBytes } = wanted as Partial<StreamConfigWanted>;
  return new UserError(`NATS has no room for the stream ${name}, which may grow to ${maxBytes} bytes.`, {
    hint: 'Raise jetstream { max_file_store } to 64GB and max_memory_store to 64MB or more; that reserves nothing on the disk.',
    cause,
  });
}

function differing(wanted: object, present: object): string[] {
  return Object.keys(wanted).filter((field) => shown(wanted, field) !== shown(present, field));
}

function shown(config: object, field: string): string {
  const value: unknown = (config as Record<string, unknown>)[field];
  return Array.isArray(value)
    ? value
        .map(String)
        .toSorted((a, b) => a.localeCompare(b))
        .join(' ')
    : String(value);
}

function values(wanted: object, present: object, field: string) {
  return { wanted: shown(wanted, field), found: shown(present, field) };
}

function pick<C extends object>(config: C, fields: readonly string[]): Partial<C> {
  return Object.fromEntries(Object.entries(config).filter(([field]) => fields.includes(field))) as Partial<C>;
}
