import type { AnalyzeOutcome, AnalyzeRequest } from '#pkg/admin/protocol.ts';
import { isDid, isHandle } from '#pkg/atproto/syntax.ts';
import type { ClickHouse } from '#pkg/clickhouse/client.ts';
import { defineQuery, readSql } from '#pkg/clickhouse/query.ts';
import type { LensAnswer, LensQuestion } from '#pkg/contracts/lens.ts';

export interface AnalystParts {
  readonly store: ClickHouse;
  readonly answer: (question: LensQuestion, options: { signal?: AbortSignal }) => Promise<LensAnswer>;
  /** Asks the network which DID a handle is; undefined when it does not say. */
  readonly resolve: (handle: string) => Promise<string | undefined>;
}

const findAccount = defineQuery<{ handle: string }, { did: string; handle: string }>({
  name: 'find_account',
  sql: readSql(import.meta.url, 'find-account.sql'),
  settings: { max_execution_time: 10 },
});

/**
 * Answers an operator's question: finds the account, then asks each lens. Handles are looked up in the index first, so that
 * this works without the internet and in an invented network; on the network only where the index does not know them.
 */
export const createAnalyst =
  (parts: AnalystParts) =>
  async (request: AnalyzeRequest, signal?: AbortSignal): Promise<AnalyzeOutcome> => {
    const did = await didOf(request.account, parts);
    if (typeof did !== 'string') return did;
    const { window, audience } = request;
    const answers: LensAnswer[] = [];
    // One after the other: an operator can wait, and the machine is also indexing.
    for (const lens of request.lenses) {
      answers.push(await parts.answer({ did, lens, window, audience }, signal === undefined ? {} : { signal }));
    }
    return { ok: true, answers };
  };

const didOf = async (account: string, { store, resolve }: AnalystParts): Promise<string | AnalyzeOutcome> => {
  if (account.startsWith('did:')) {
    if (isDid(account)) return account;
    return refusal(`${JSON.stringify(account)} is not a DID.`, 'A DID looks like did:plc:ewvi7nxzyoun6zhxrhs64oiz.');
  }
  const handle = account.replace(/^@/, '').toLowerCase();
  if (!isHandle(handle)) {
    return refusal(
      `${JSON.stringify(account)} is neither a handle nor a DID.`,
      'A handle looks like alice.example.com.',
    );
  }
  const [known] = await store.query(findAccount, { handle });
  const did = known?.did ?? (await resolve(handle));
  if (did !== undefined) return did;
  return refusal(
    `No account is known by the handle ${handle}.`,
    'Neither the index nor the network knows it: check the spelling, or give its DID.',
  );
};

const refusal = (message: string, hint: string): AnalyzeOutcome => ({ ok: false, message, hint });
