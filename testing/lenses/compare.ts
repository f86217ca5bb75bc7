import { AUDIENCES, type LensAnswer, LENSES, type LensQuestion, TIME_WINDOWS } from '#pkg/contracts/lens.ts';
import { compareAnswers, describeComparison } from '#testing/oracle/compare.ts';
import type { LensReference, ReferenceAnswer } from './answer.ts';

/** Whatever answers lens questions: the index. */
export interface Answering {
  answer(question: LensQuestion): Promise<LensAnswer>;
}

/** An answer without its moments and without the words of its notices, whose order means nothing. */
export const bare = (answer: LensAnswer): ReferenceAnswer => {
  const { computed_at: whenever, score, notices, ...rest } = answer;
  if (!(Date.parse(whenever) > 0)) throw new Error(`not a time: ${whenever}`);
  return {
    ...rest,
    notices: notices.map(({ code }) => code).sort(),
    score: score === null ? null : { ...score, reference: { accounts: score.reference.accounts } },
  };
};

/** Every question about an account: 4 lenses, 4 windows, 2 audiences. */
export const questionsAbout = (did: string): LensQuestion[] =>
  LENSES.flatMap((lens) =>
    TIME_WINDOWS.flatMap((window) => AUDIENCES.map((audience) => ({ did, lens, window, audience }))),
  );

/** What comparing answers came to. */
export interface Agreement {
  /** The questions whose answers differ, each with its first differences. */
  readonly differences: readonly string[];
  /** How many answers had a board, and a score: a comparison of nothing with nothing shows nothing. */
  readonly boards: number;
  readonly scores: number;
}

/** Asks both and compares the answers, to the last field. */
export const compareLenses = async (
  index: Answering,
  reference: LensReference,
  questions: readonly LensQuestion[],
): Promise<Agreement> => {
  const differences: string[] = [];
  let [boards, scores] = [0, 0];
  for (const question of questions) {
    const expected = reference.answer(question);
    boards += expected.board === null ? 0 : 1;
    scores += expected.score === null ? 0 : 1;
    const comparison = compareAnswers(expected, bare(await index.answer(question)));
    if (comparison.total === 0) continue;
    const { did, lens, window, audience } = question;
    differences.push(`${did} ${lens} ${window} ${audience}: ${describeComparison(comparison)}`);
  }
  return { differences, boards, scores };
};
