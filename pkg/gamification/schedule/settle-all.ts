import { StoreAwayError } from '#pkg/rest/away.ts';
import { toError } from '#pkg/runtime/errors.ts';
import type { Logger } from '#pkg/runtime/log.ts';
import type { Deed } from '../model.ts';

/** What the calendar asks of the ledger. */
export interface DeedSettler {
  settle(deeds: readonly Deed[]): Promise<unknown>;
}

/**
 * Settles deeds together, and where that fails user by user: what is wrong with one must not keep the others from theirs. Gives the
 * number of users that failed alone too. Rejects while a store is away.
 */
export async function settleAll(ledger: DeedSettler, deeds: readonly Deed[], log: Logger): Promise<number> {
  if (deeds.length === 0) return 0;
  try {
    await ledger.settle(deeds);
    return 0;
  } catch (thrown) {
    if (thrown instanceof StoreAwayError) throw thrown;
    log.warn(
      { err: toError(thrown), deeds: deeds.length },
      'deeds of the calendar failed together; trying user by user',
    );
  }
  let failed = 0;
  for (const [userId, own] of Map.groupBy(deeds, (deed) => deed.userId)) {
    try {
      await ledger.settle(own);
    } catch (thrown) {
      if (thrown instanceof StoreAwayError) throw thrown;
      failed += 1;
      log.error({ err: toError(thrown), user_id: userId }, 'deeds of the calendar failed for a user');
    }
  }
  return failed;
}
