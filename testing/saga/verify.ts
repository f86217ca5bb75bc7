import { isDeepStrictEqual } from 'node:util';
import type { Postgres } from '#pkg/postgres/client.ts';
import type { BaseEvent } from '#proto/skyflow/events/v1/base_pb.js';
import type { Published } from './read-stream.ts';
import type { RequestFields } from './request.ts';
import { BAD } from './steps.ts';

/** All that can be seen of a round. */
export interface Evidence {
  readonly accepted: readonly RequestFields[];
  readonly postgres: Postgres;
  readonly published: Published;
  /** Frames were held in its memory: some may be missing. None may be there twice or wrong even so. */
  readonly natsDied: boolean;
}

/**
 * The law: each accepted request has ended once, completed, or failed and among the dead letters; the row, the event and
 * the frame say the same. An event may be stored again after a crash, but then it is the same, byte for byte, under the
 * same id, and counts once for whoever goes by ids.
 */
export const verify = async ({ accepted, postgres, published, natsDied }: Evidence): Promise<string> => {
  const ids = accepted.map(({ analysisId }) => analysisId);
  const { rows } = await postgres.query<{ id: string; status: string; cached: boolean }>(
    'SELECT id, status, cached FROM timeline_analyses WHERE id = ANY($1::uuid[])',
    [ids],
  );
  const byStatus = (status: string) => rows.flatMap((row) => (row.status === status ? [row.id] : []));
  const [completed, failed] = [byStatus('completed'), byStatus('failed')];
  const cannot = accepted.flatMap(({ analysisId, subjectDid }) => (subjectDid.startsWith(BAD) ? [analysisId] : []));
  const told = (events: Published['toldCompleted']) => distinct(events, idInData);
  const findings = [
    unless(same([...completed, ...failed], ids), 'some requests have not ended'),
    // No round takes all three attempts away from a request that can be answered.
    unless(same(failed, cannot), 'others failed than those that cannot be answered'),
    unless(same(distinct(published.completed, idOf), completed), 'the completed events are not those of the rows'),
    unless(same(distinct(published.failed, idOf), failed), 'the failed events are not those of the rows'),
    unless(same(published.dead.map(idOf), failed), 'the dead letters are not those that failed, once each'),
    unless(sameOrFewer(told(published.toldCompleted), completed, natsDied), 'not each completed one was told'),
    unless(sameOrFewer(told(published.toldFailed), failed, natsDied), 'not each failed one was told'),
    unless(repeatsAreSame(published), 'an event was stored again with another content'),
  ];
  const wrong = findings.filter((finding) => finding !== '');
  return wrong.length === 0 ? '' : `${wrong.join('; ')}\n${shown({ ids, cannot, rows, published })}`;
};

const unless = (isRight: boolean, finding: string): string => (isRight ? '' : finding);
const idOf = ({ analysisId }: { analysisId: string }): string => analysisId;
const idInData = ({ data }: Published['toldCompleted'][number]): string => {
  const id = data?.['analysis_id'];
  return typeof id === 'string' ? id : '';
};

/** What the events are about, one of each event id. */
const distinct = <E extends { base?: BaseEvent | undefined }>(
  events: readonly E[],
  about: (event: E) => string,
): string[] => [...new Map(events.map((event) => [event.base?.eventId ?? '', about(event)])).values()];

const same = (left: readonly string[], right: readonly string[]): boolean =>
  isDeepStrictEqual(left.toSorted(), right.toSorted());

const sameOrFewer = (left: readonly string[], right: readonly string[], mayMiss: boolean): boolean =>
  mayMiss ? new Set(left).size === left.length && left.every((each) => right.includes(each)) : same(left, right);

const repeatsAreSame = (published: Published): boolean => {
  const first = new Map<string, unknown>();
  const all = [...published.completed, ...published.failed, ...published.toldCompleted, ...published.toldFailed];
  return all.every((event) => {
    const id = event.base?.eventId ?? '';
    if (!first.has(id)) first.set(id, event);
    return isDeepStrictEqual(first.get(id), event);
  });
};

const shown = (value: unknown): string =>
  JSON.stringify(value, (_, each: unknown) => (typeof each === 'bigint' ? String(each) : each)).slice(0, 6_000);
