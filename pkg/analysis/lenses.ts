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

export interface AnswerOptions {
  /** Ends the question, and its statements in the store too. */
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
  const references = new References(deps);
  const reader = new LensReader(deps, references);
  return {
    answer: (question, { signal } = {}) => reader.answer(question, signal),
    refreshReferences: async (signal) => {
      for (const window of TIME_WINDOWS) await references.refresh(window, signal);
    },
    loadReferences: () => references.load(),
    services: [references.service()],
  };
};

const known = (scores: ReadonlyMap<Lens, Scored>): Map<Lens, LensScore> =>
  new Map([...scores].flatMap(([lens, scored]) => ('score' in scored ? [[lens, scored.score]] : [])));

/** One question on its way: the account's id and the window, worked out once. */
interface Asked {
  readonly question: LensQuestion;
  readonly id: bigint;
  readonly span: Span;
  readonly signal: AbortSignal | undefined;
}

class LensReader {
  readonly #store: ClickHouse;
  readonly #clock: Clock;
  readonly #references: References;
  readonly #coverage: ReturnType<typeof createCoverage>;
  #keys: Promise<Keys> | undefined;

  constructor({ store, clock }: { store: ClickHouse; clock: Clock }, references: References) {
    this.#store = store;
    this.#clock = clock;
    this.#references = references;
    this.#coverage = createCoverage(store, clock);
  }

  async answer(question: LensQuestion, signal: AbortSignal | undefined): Promise<LensAnswer> {
    const { did, lens, window, audience } = question;
    const span = spanOf(window, this.#clock.nowMs());
    const id = await this.#idOf(did);
    const [subject, covered] = await Promise.all([readSubject(this.#store, id, signal), this.#coverage(span, signal)]);
    const found = subject?.active === true ? await this.#find({ question, id, span, signal }) : undefined;
    return {
      lens,
      window,
      audience,
      subject: { did, handle: subject?.handle ?? null },
      from: new Date(span.fromMs).toISOString(),
      to: new Date(span.toMs).toISOString(),
      data_since: covered.sinceMs === null ? null : new Date(covered.sinceMs).toISOString(),
      complete: covered.sinceMs !== null && covered.sinceMs <= span.fromMs && covered.gaps === 0,
      notices: [...coverageNotices(covered, span), ...subjectNotices(subject), ...(found?.notices ?? [])],
      board: found?.board ?? null,
      score: found?.score ?? null,
      share: found?.share ?? null,
      computed_at: new Date(this.#clock.nowMs()).toISOString(),
    };
  }

  async #find(asked: Asked) {
    const { question, id, span, signal } = asked;
    const board = await readBoard(
      question.lens,
      { id, audience: question.audience },
      { store: this.#store, span, signal },
    );
    const scores = await this.#scores(question.lens === 'pulse' ? LENSES : [question.lens], asked);
    const scored = scores.get(question.lens) ?? { none: 'no_reference' };
    return {
      notices: [board, scored].flatMap((one) => ('none' in one ? [noticeOf(one.none)] : [])),
      board: 'board' in board ? board.board : null,
      score: 'score' in scored ? scored.score : null,
      share: question.lens === 'pulse' ? shareLine(known(scores)) : null,
    };
  }

  /** One after the other: a question shall not keep all of the engine from the others. */
  async #scores(lenses: readonly Lens[], asked: Asked): Promise<Map<Lens, Scored>> {
    const scores = new Map<Lens, Scored>();
    for (const lens of lenses) scores.set(lens, await this.#score(lens, asked));
    return scores;
  }

  async #score(lens: Lens, { question, id, span, signal }: Asked): Promise<Scored> {
    const range = { ids: { lo: id, hi: id }, span, windowsMeasured: 2 };
    const [measure, earlier] = (await measureAccounts(this.#store, lens, range, signal)).get(id) ?? [];
    if (measure === undefined) return { none: 'no_posts_in_window' };
    const among = this.#references.get(question.window);
    if (among === undefined || among.accounts === 0) return { none: 'no_reference' };
    return { score: scoreOf(lens, measure, earlier, among) };
  }

  /** The salt of the ids is read once; a failure to read it is not remembered. */
  async #idOf(did: string): Promise<bigint> {
    this.#keys ??= loadSalt(this.#store).then(createKeys);
    try {
      return (await this.#keys).actorId(did);
    } catch (error) {
      this.#keys = undefined;
      throw error;
    }
  }
}
