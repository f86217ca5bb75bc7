import { parseDatetimeUs } from '#pkg/atproto/datetime.ts';
import { isDid, isNsid, isRecordKey } from '#pkg/atproto/syntax.ts';
import { parseTid, tidTimeUs } from '#pkg/atproto/tid.ts';
import { isTidKey, type Keys } from '#pkg/clickhouse/keys.ts';
import { moduleOf, operationName } from '../records/modules.ts';
import { asObject, asText, type JsonObject } from '../records/read.ts';
import type { DropReason, Operation, RecordModule } from '../records/types.ts';
import { BadFrame, believedAheadUs } from '../source/types.ts';
import type { Batch } from './batch.ts';
import { createIds, type Ids } from './ids.ts';
import { RecentCreates } from './recent-creates.ts';
import type { RevisionFilter } from './revision-filter.ts';
import type { RecordHeader } from './tables.ts';
import { toJson } from './to-json.ts';

/** A frame's fate: stored (or rightly ignored), dropped for a reason, or dead because our own code failed on it. */
export type Fate = 'ok' | 'dropped' | 'dead';

const isOperation = (value: unknown): value is Operation =>
  value === 'create' || value === 'update' || value === 'delete';
/** A record's first commit follows its key, which the client or its server makes for it, within these microseconds. Less than a resume goes back. */
const promptUs = 4_000_000;

/** Turns frames into the rows of a batch. Total: whatever arrives, it returns a fate and has counted it. */
export class Intake {
  readonly #ids: Ids;
  readonly #filter: RevisionFilter;
  readonly #nowUs: () => number;
  readonly #creates = new RecentCreates();
  #batch: Batch;
  #seenUs = 0;

  constructor(options: { keys: Keys; filter: RevisionFilter; batch: Batch; nowUs: () => number }) {
    this.#filter = options.filter;
    this.#nowUs = options.nowUs;
    this.#batch = options.batch;
    this.#ids = createIds(options.keys, {
      onActor: (id, did) => this.#batch.addActor({ id, did, seenUs: this.#seenUs }),
      onOddKey: (key, collection, rkey) => this.#batch.addOddKey(key, collection, rkey),
    });
  }

  /** Continues into another batch. */
  fill(batch: Batch): void {
    this.#batch = batch;
  }

  /** Takes one frame. */
  take(item: unknown): Fate {
    this.#batch.events += 1;
    try {
      const reason = item instanceof BadFrame ? item.reason : this.#event(item);
      if (reason === undefined) return 'ok';
      this.#batch.countDrop(reason);
      return 'dropped';
    } catch (error) {
      this.#batch.addDeadFrame(String(error), toJson(item));
      return 'dead';
    }
  }

  #event(item: unknown): DropReason | undefined {
    const event = asObject(item);
    if (event === undefined) return 'not_object';
    const did = event['did'];
    if (typeof did !== 'string' || !isDid(did)) return 'bad_did';
    const timeUs = event['time_us'];
    if (typeof timeUs !== 'number' || !Number.isSafeInteger(timeUs) || timeUs <= 0) return 'bad_time';
    this.#advance(timeUs);
    switch (event['kind']) {
      case 'commit':
        return this.#commit(did, asObject(event['commit']));
      case 'identity':
        return this.#identity(did, asObject(event['identity']));
      case 'account':
        return this.#account(did, asObject(event['account']));
      default:
        return 'unknown_kind';
    }
  }

  #advance(timeUs: number): void {
    const batch = this.#batch;
    this.#seenUs = timeUs;
    if (batch.firstTimeUs === 0) batch.firstTimeUs = timeUs;
    batch.lastTimeUs = timeUs;
    if (timeUs > batch.cursorUs && timeUs < this.#nowUs() + believedAheadUs) batch.cursorUs = timeUs;
  }

  #commit(did: string, commit: JsonObject | undefined): DropReason | undefined {
    if (commit === undefined) return 'bad_commit';
    const { collection, rkey, rev, operation } = commit;
    if (typeof collection !== 'string') return 'bad_collection';
    const module = moduleOf(collection);
    if (module === undefined && !isNsid(collection)) return 'bad_collection';
    if (typeof rkey !== 'string' || !isRecordKey(rkey)) return 'bad_rkey';
    if (!isOperation(operation)) return 'bad_operation';
    const revValue = typeof rev === 'string' ? parseTid(rev) : undefined;
    if (revValue === undefined) return 'bad_rev';
    const record = asObject(commit['record']);
    if (operation !== 'delete' && record === undefined) return 'no_record';
    if (module === undefined || (module.onlyRkey !== undefined && rkey !== module.onlyRkey)) {
      this.#batch.count('other');
      return undefined;
    }
    return this.#record({
      did,
      module,
      operation,
      rkey,
      rev: rev as string,
      revValue,
      record,
      cid: asText(commit['cid']) ?? '',
    });
  }

  #record(commit: CheckedCommit): DropReason | undefined {
    const { module, operation } = commit;
    const parsed = commit.record === undefined || operation === 'delete' ? undefined : module.parse(commit.record);
    if (parsed?.ok === false) return parsed.reason;
    const actorId = this.#ids.actorId(commit.did);
    const key = this.#ids.recordKey(module.collection, commit.rkey);
    const keyUs = isTidKey(key) ? tidTimeUs(key) : 0;
    const header: RecordHeader = { actorId, key, version: tidTimeUs(commit.revValue) - keyUs, seenUs: this.#seenUs };
    const batch = this.#batch;
    if (parsed === undefined) {
      if (module.table !== undefined) batch.bury(module.table, header);
    } else {
      for (const row of parsed.rows) batch.addRow(header, row, this.#ids);
    }
    if (module.hasEdges) this.#resolveLater(header, module, operation);
    batch.addRaw({
      collection: module.collection,
      actorId,
      rkey: commit.rkey,
      rev: commit.rev,
      operation,
      cid: commit.cid,
      json: parsed === undefined ? '' : toJson(commit.record),
      seenUs: this.#seenUs,
    });
    batch.count(operationName(module, operation));
    return undefined;
  }

  /**
   * Creates of records that were never revised need no second look, and those are nearly all. A create that comes long after
   * its own key, or a moment after another of the same key, is taken for a revision: it may stand where another was, whose
   * delete nobody could read.
   */
  #resolveLater(header: RecordHeader, module: RecordModule, operation: Operation): void {
    const isFirst =
      operation === 'create' &&
      header.version >= 0 &&
      header.version < promptUs &&
      !this.#creates.seen(header.actorId, header.key);
    if (!isFirst) {
      this.#filter.add(header.actorId, header.key);
      this.#batch.addRevision(header, module.name, operation === 'delete');
    } else if (this.#filter.has(header.actorId, header.key)) {
      this.#batch.addToResolve(header);
    }
  }

  #identity(did: string, identity: JsonObject | undefined): DropReason | undefined {
    if (identity === undefined) return 'bad_identity';
    const handle = asText(identity['handle']);
    const id = this.#ids.actorId(did);
    if (handle !== undefined && handle !== '') {
      this.#batch.addActor({ id, did, seenUs: this.#seenUs, handle: { version: this.#versionOf(identity), handle } });
    }
    this.#batch.count('identity');
    return undefined;
  }

  #account(did: string, account: JsonObject | undefined): DropReason | undefined {
    const active = account?.['active'];
    if (account === undefined || typeof active !== 'boolean') return 'bad_account';
    const status = asText(account['status']) ?? '';
    const id = this.#ids.actorId(did);
    this.#batch.addActor({
      id,
      did,
      seenUs: this.#seenUs,
      account: { version: this.#versionOf(account), active, status },
    });
    this.#batch.count('account');
    return undefined;
  }

  /**
   * When the account's server says it happened, which every Jetstream host repeats alike; but no later than it was seen,
   * or a server could date a return to active years ahead and outlive its takedown.
   */
  #versionOf(fact: JsonObject): number {
    const time = asText(fact['time']);
    return Math.min((time === undefined ? undefined : parseDatetimeUs(time)) ?? this.#seenUs, this.#seenUs);
  }
}

interface CheckedCommit {
  readonly did: string;
  readonly module: RecordModule;
  readonly operation: Operation;
  readonly rkey: string;
  readonly rev: string;
  readonly revValue: bigint;
  readonly record: JsonObject | undefined;
  readonly cid: string;
}
