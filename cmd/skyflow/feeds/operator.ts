import type { FeedsAction, FeedsOperator, FeedsOutcome, FeedsRequestOf } from '#pkg/admin/feeds.ts';
import { classifyFailure } from '#pkg/clickhouse/errors.ts';
import { LimitError, StatementError } from '#pkg/clickhouse/limited.ts';
import { UserError } from '#pkg/runtime/errors.ts';
import { createKey, listKeys, revokeKey } from './keys.ts';
import { explainPost, preview, whyIsEmpty } from './looking.ts';
import type { FeedOperatorParts, Handler } from './operator-parts.ts';
import { ban, bans, members, published, unban, unpublished } from './orders.ts';
import { check, describe, list, stats } from './overview.ts';

export type { Checked, FeedOperatorParts } from './operator-parts.ts';

const handlers: { readonly [A in FeedsAction]: Handler<A> } = {
  list,
  check,
  describe,
  preview,
  explain: explainPost,
  why_empty: whyIsEmpty,
  published,
  unpublished,
  stats,
  ban,
  unban,
  bans,
  members,
  create_key: createKey,
  keys: listKeys,
  revoke_key: revokeKey,
};

/** Answers the operator's requests about feeds, for the admin socket and for commands that open the stores themselves. */
export const createFeedOperator =
  (parts: FeedOperatorParts): FeedsOperator =>
  async <A extends FeedsAction>(request: FeedsRequestOf<A>, signal?: AbortSignal): Promise<FeedsOutcome<A>> => {
    const handler = handlers[request.action] as Handler<A>;
    try {
      return { ok: true, answer: await handler(parts, request, signal) };
    } catch (error) {
      const told = explained(error);
      if (told === undefined) throw error;
      return { ok: false, message: told.message, hint: told.hint };
    }
  };

const explained = (error: unknown): UserError | undefined => {
  if (error instanceof UserError) return error;
  if (error instanceof LimitError) {
    return new UserError(`The statement ${error.message.replace(/^feed_(?:why_)?/, 'of ')}.`, {
      hint: 'Let it read less: by time, by author, or by the first columns of the tables it reads.',
    });
  }
  if (error instanceof StatementError) {
    return new UserError(`The statement has a mistake: ${error.message}`, { hint: 'Try: skyflow feeds check' });
  }
  if (error instanceof Error && classifyFailure(error) === 'schema') {
    return new UserError('This ClickHouse does not have the tables of this Skyflow.', {
      hint: 'Run `skyflow migrate up`, or start it with `npm start`.',
    });
  }
  return undefined;
};
