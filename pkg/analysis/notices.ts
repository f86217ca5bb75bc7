import type { Notice, NoticeCode } from '#pkg/contracts/lens.ts';
import type { Coverage } from './account/coverage.ts';
import type { Subject } from './account/subject.ts';
import type { Span } from './span.ts';

const texts: Readonly<Record<NoticeCode, string>> = {
  account_never_seen:
    'This index has never seen that account: it has not acted, and nobody has pointed at it, since the index began.',
  account_inactive: 'That account is not active on the network, so nothing of it is shown.',
  no_posts_in_window:
    'The account did not post in this window, so it has no score: scores compare accounts that posted.',
  no_follows: 'This index knows of no active account that it follows, so there is no board.',
  no_mutuals: 'This index knows of no active account that it follows and that follows it back, so there is no board.',
  nothing_in_window: 'Nobody of this audience posted in this window, so there is no board.',
  window_before_index: 'This index has no events yet, so its counts say nothing.',
  gaps_in_window: 'This index missed a part of this window, so counts are too low.',
  no_reference:
    'There is nothing to compare with yet: no account posted in this window, or the network is still being measured. Ask again in a minute.',
};

/** A notice in words for people. */
export const noticeOf = (code: NoticeCode, message = texts[code]): Notice => ({ code, message });

/** What the index does not cover of a window. */
export const coverageNotices = ({ sinceMs, gaps }: Coverage, { fromMs }: Span): Notice[] => [
  ...(sinceMs === null ? [noticeOf('window_before_index')] : []),
  ...(sinceMs !== null && fromMs < sinceMs
    ? [
        noticeOf(
          'window_before_index',
          `This index has events since ${new Date(sinceMs).toISOString()} only; what was before is not counted.`,
        ),
      ]
    : []),
  ...(gaps > 0 ? [noticeOf('gaps_in_window')] : []),
];

/** Why nothing can be said of an account, where that is so. */
export const subjectNotices = (subject: Subject | undefined): Notice[] => {
  if (subject === undefined) return [noticeOf('account_never_seen')];
  if (subject.active) return [];
  const why = subject.status === '' ? '' : ` (${subject.status})`;
  return [noticeOf('account_inactive', `That account is not active on the network${why}, so nothing of it is shown.`)];
};
