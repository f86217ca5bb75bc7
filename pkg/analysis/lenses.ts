import type { ClickHouse } from '#pkg/clickhouse/client.ts';
import { createKeys, type Keys } from '#pkg/clickhouse/keys.ts';
import { loadSalt } from '#pkg/clickhouse/salt.ts';
import {
  LENSES,
  type Lens,
  type LensAnswer,
  type LensQuestion,
  type LensScore,
  TIME_WINDOWS,
} from '#pkg/contracts/lens.ts';
import type { Clock } from '#pkg/runtime/clock.ts';
import type { Service } from '#pkg/runtime/lifecycle.ts';
import type { Logger } from '#pkg/runtime/log.ts';
import { createCoverage } from './account/coverage.ts';
import { readSubject } from './account/subject.ts';
import { readBoard } from './board.ts';
import { measureAccounts } from './measuring.ts';
import { coverageNotices, noticeOf, subjectNotices } from './notices.ts';
import { References } from './reference/references.ts';
import { scoreOf } from './score.ts';
import { shareLine } from './share-line.ts';
import { type Span, spanOf } from './span.ts';

/** How long the statements of one question may take together, unless the asker's signal ends them earlier. */
export interface AnswerOptions {
  readonly signal?: AbortSignal | undefined;
}

/** The four lenses over one index. */
export interface Lenses {
  /**
   * Answers a question as of now. Whatever the index cannot say is a notice, never a zero.
   * @throws whatever the store throws, an AbortError when `signal` aborts
   */
  answer(question: LensQuestion, options?: AnswerOptions): Promise<LensAnswer>;
  /** Measures the network for all windows now: for tests, and for a command that cannot wait for the background. */
  refreshReferences(signal?: AbortSignal): Promise<void>;
  /** Takes over the references that another process, or the last run, has stored. */
  loadReferences(): Promise<void>;
  /** Keeps the references fresh. */
  readonly services: readonly Service[];
}

type Scored = { readonly score: LensScore } | { readonly none: 'no_posts_in_window' | 'no_reference' };

/** Opens the lenses over `store`, which must be migrated. */
export const createLenses = (deps: { store: ClickHouse; clock: Clock; log: Logger }): Lenses => {
  const { store, clock } = deps;
  const references = new References(deps);
  const coverage = createCoverage(store, clock);
  let keys: Promise<Keys> | undefined;
  const idOf = async (did: string): Promise<bigint> => {
    keys ??= loadSalt(store).then(createKeys);
    keys.catch(() => (keys = undefined));
    return (await keys).actorId(did);
  };

  const score = async (id: bigint, question: LensQuestion, span: Span, signal?: AbortSignal): Promise<Scored> => {
    const range = { ids: { lo: id, hi: id }, span, windowsMeasured: 2 };
    const [measure, earlier] = (await measureAccounts(store, question.lens, range, signal)).get(id) ?? [];
    if (measure === undefined) return { none: 'no_posts_in_window' };
    const among = references.get(question.window);
    if (among === undefined || among.accounts === 0) return { none: 'no_reference' };
    return { score: scoreOf(question.lens, measure, earlier, among) };
  };

  const share = async (id: bigint, question: LensQuestion, span: Span, signal?: AbortSignal) => {
    const scored = await Promise.all(LENSES.map((lens) => score(id, { ...question, lens }, span, signal)));
    const found = scored.flatMap((one, at): [Lens, LensScore][] =>
      'score' in one ? [[LENSES[at] ?? 'flow', one.score]] : [],
    );
    return shareLine(new Map(found));
  };

  const answer = async (question: LensQuestion, { signal }: AnswerOptions = {}): Promise<LensAnswer> => {
    const { did, lens, window, audience } = question;
    const span = spanOf(window, clock.nowMs());
    const id = await idOf(did);
    const [subject, covered] = await Promise.all([readSubject(store, id, signal), coverage(span, signal)]);
    const notices = [...coverageNotices(covered, span), ...subjectNotices(subject)];
    const known = subject?.active === true;
    const [board, scored, line] = known
      ? await Promise.all([
          readBoard(lens, { id, audience }, { store, span, signal }),
          score(id, question, span, signal),
          lens === 'pulse' ? share(id, question, span, signal) : null,
        ])
      : [undefined, undefined, null];
    if (board !== undefined && 'none' in board) notices.push(noticeOf(board.none));
    if (scored !== undefined && 'none' in scored) notices.push(noticeOf(scored.none));
    return {
      lens,
      window,
      audience,
      subject: { did, handle: subject?.handle ?? null },
      from: new Date(span.fromMs).toISOString(),
      to: new Date(span.toMs).toISOString(),
      data_since: covered.sinceMs === null ? null : new Date(covered.sinceMs).toISOString(),
      complete: covered.sinceMs !== null && covered.sinceMs <= span.fromMs && covered.gaps === 0,
      notices,
      board: board !== undefined && 'board' in board ? board.board : null,
      score: scored !== undefined && 'score' in scored ? scored.score : null,
      share: line,
      computed_at: new Date(clock.nowMs()).toISOString(),
    };
  };

  return {
    answer,
    refreshReferences: async (signal) => {
      for (const window of TIME_WINDOWS) await references.refresh(window, signal);
    },
    loadReferences: () => references.load(),
    services: [references.service()],
  };
};
