import type { LensAnswer, LensQuestion } from '#pkg/contracts/lens.ts';

/** A well-formed answer to any question, that tells its makers apart by `points`. */
export const answerTo = (question: LensQuestion, points = 0): LensAnswer => {
  const at = '2026-01-02T03:04:05.000Z';
  const account = { did: 'did:plc:busy', handle: 'busy.example.com' };
  const counts = { likes: points, replies: 0, reposts: 0, quotes: 0, skypoints: points };
  return {
    lens: question.lens,
    window: question.window,
    audience: question.audience,
    subject: { did: question.did, handle: null },
    from: at,
    to: at,
    data_since: at,
    complete: true,
    notices: [],
    board: {
      lens: 'clout',
      posts: [{ uri: 'at://did:plc:busy/app.bsky.feed.post/3k', ...account, at, text: 'hello', ...counts }],
      total: points,
    },
    score: {
      score: 7.5,
      band: 'Strong',
      percentile: 75,
      change: null,
      parts: [],
      reference: { accounts: 10, computed_at: at },
      peak_hours: [],
      change_percent: null,
    },
    share: null,
    computed_at: at,
  };
};
