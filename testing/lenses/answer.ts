import { LENSES, type LensAnswer, type LensQuestion, type NoticeCode, TIME_WINDOW_MS } from '#pkg/contracts/lens.ts';
import type { Oracle } from '#testing/oracle/oracle.ts';
import { boardOf } from './boards.ts';
import { type Facts, factsOf } from './facts.ts';
import type { Windows } from './measures.ts';
import { isoOf } from './numbers.ts';
import { type BareScore, type Reference, referenceOf, scoreOf } from './scores.ts';

/** What the reference must be told besides the network. */
export interface ReferenceOptions {
  readonly nowMs: number;
  /** The index's ids: they choose whom scores are compared with where there are too many. */
  actorIdOf(did: string): bigint;
  /** Since when there are events; null before the first. */
  readonly dataSinceMs: number | null;
  /** Open gaps, in microseconds. */
  readonly gaps?: readonly { readonly fromUs: number; readonly toUs: number }[];
}

/** An answer without its moment, and with the codes of its notices alone. */
export type ReferenceAnswer = Omit<LensAnswer, 'computed_at' | 'notices' | 'score'> & {
  readonly notices: readonly NoticeCode[];
  readonly score: BareScore | null;
};

const shareOf = (scores: Record<LensQuestion['lens'], BareScore>): string => {
  const of = (score: BareScore): string => score.score.toFixed(1);
  const change = scores.pulse.change_percent;
  const percent = change === null ? 'new' : `${change < 0 ? '' : '+'}${change}%`;
  return `Flow ${of(scores.flow)} · Clout ${of(scores.clout)} · Kudos ${of(scores.kudos)} · Pulse ${percent}`;
};

/** Answers lens questions about one world as of one moment. Slow, and remembers only what the questions share. */
export class LensReference {
  readonly #facts: Facts;
  readonly #options: ReferenceOptions;
  readonly #references = new Map<string, Reference>();

  constructor(oracle: Oracle, options: ReferenceOptions) {
    this.#facts = factsOf(oracle);
    this.#options = options;
  }

  /** Answers one question. */
  answer(question: LensQuestion): ReferenceAnswer {
    const { did, lens, window, audience } = question;
    const { nowMs, dataSinceMs, gaps = [] } = this.#options;
    const facts = this.#facts;
    const span = { fromMs: nowMs - TIME_WINDOW_MS[window], toMs: nowMs };
    const notices: NoticeCode[] = [];
    const isEarly = dataSinceMs === null || span.fromMs < dataSinceMs;
    const hasGap = gaps.some(({ fromUs, toUs }) => fromUs < span.toMs * 1000 && toUs > span.fromMs * 1000);
    if (isEarly) notices.push('window_before_index');
    if (hasGap) notices.push('gaps_in_window');
    const isKnown = facts.firstSeenUs.has(did);
    if (!isKnown) notices.push('account_never_seen');
    else if (!facts.isActive(did)) notices.push('account_inactive');
    const found = isKnown && facts.isActive(did) ? this.#both(question, { span, asOfMs: null }) : undefined;
    return {
      lens,
      window,
      audience,
      subject: { did, handle: facts.handles.get(did) ?? null },
      from: isoOf(span.fromMs),
      to: isoOf(span.toMs),
      data_since: dataSinceMs === null ? null : isoOf(dataSinceMs),
      complete: !isEarly && !hasGap,
      notices: [...notices, ...(found?.notices ?? [])].sort(),
      board: found?.board ?? null,
      score: found?.score ?? null,
      share: lens === 'pulse' && found !== undefined ? found.share : null,
    };
  }

  #both(question: LensQuestion, windows: Windows) {
    const found = boardOf(this.#facts, question, windows.span);
    const score = this.#score(question, windows);
    return {
      notices: [...('none' in found ? [found.none] : []), ...(typeof score === 'string' ? [score] : [])],
      board: 'none' in found ? null : found.board,
      score: typeof score === 'string' ? null : score,
      share: question.lens === 'pulse' ? this.#share(question, windows) : null,
    };
  }

  #score(question: LensQuestion, windows: Windows): ReturnType<typeof scoreOf> {
    const key = `${question.lens} ${question.window}`;
    const reference =
      this.#references.get(key) ??
      referenceOf(this.#facts, question.lens, windows, (did) => this.#options.actorIdOf(did));
    this.#references.set(key, reference);
    return scoreOf(this.#facts, question, windows, reference);
  }

  #share(question: LensQuestion, windows: Windows): string | null {
    const scores = LENSES.flatMap((lens): [LensQuestion['lens'], BareScore][] => {
      const score = this.#score({ ...question, lens }, windows);
      return typeof score === 'string' ? [] : [[lens, score]];
    });
    return scores.length < LENSES.length
      ? null
      : shareOf(Object.fromEntries(scores) as Record<LensQuestion['lens'], BareScore>);
  }
}

/** One answer; for several of the same world and moment keep a `LensReference`. */
export const referenceAnswer = (oracle: Oracle, question: LensQuestion, options: ReferenceOptions): ReferenceAnswer =>
  new LensReference(oracle, options).answer(question);
