import type { FeedsOperator } from '#pkg/admin/feeds.ts';
import type { FeedGenerator } from '#pkg/feeds/feed-generator.ts';
import { createCheck } from './check.ts';
import { createFeedOperator } from './operator.ts';

/** Answers the operator's requests in a process that serves feeds. */
export const feedOperator = ({ parts }: Pick<FeedGenerator, 'parts'>): FeedsOperator =>
  createFeedOperator({ ...parts, check: createCheck(parts), isServing: true });
