import type { AnalyzeOutcome, AnalyzeRequest } from '#pkg/admin/protocol.ts';
import { isDid, isHandle, typedHandle } from '#pkg/atproto/syntax.ts';
import type { ClickHouse } from '#pkg/clickhouse/client.ts';
import type { LensAnswer, LensQuestion } from '#pkg/contracts/lens.ts';
import { findAccount } from './find-account.ts';

export interface AnalystParts {
  readonly store: ClickHouse;
  readonly answer: (question: LensQuestion, options: { signal?: AbortSignal }) => Promise<LensAnswer>;
  /** Asks the network which DID a handle is. */
  readonly resolve: (handle: string) => Promise<Resolved>;
}

/** A DID, or why the network gave none: nobody has the handle, it cannot be reached, or there is none to ask. */
export type Resolved = { readonly did: string } | 'unknown' | 'unreachable' | 'no_network';

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
  const handle = typedHandle(account);
  if (!isHandle(handle)) {
    return refusal(
      `${JSON.stringify(account)} is neither a handle nor a DID.`,
      'A handle looks like alice.example.com.',
    );
  }
  const known = await findAccount(store, handle);
  if (known !== undefined) return known;
  const resolved = await resolve(handle);
  if (typeof resolved === 'object') return resolved.did;
  const { message, hint } = unresolved[resolved];
  return refusal(message(handle), hint);
};

const unresolved = {
  // A name server that is away cannot be told from a name that nobody has.
  unknown: {
    message: (handle: string) =>
      `This index has seen no account with the handle ${handle}, and none answers to it on the network.`,
    hint: 'Check the spelling and the connection, or give its DID.',
  },
  unreachable: {
    message: (handle: string) =>
      `This index has seen no account with the handle ${handle}, and the network cannot be asked at the moment.`,
    hint: 'Check the connection and --plc-url, or give its DID.',
  },
  no_network: {
    message: (handle: string) => `This invented network has no account with the handle ${handle}.`,
    hint: 'Some that it has: skyflow sql "SELECT handle FROM accounts WHERE active LIMIT 10" --data-dir data-demo',
  },
} as const;

const refusal = (message: string, hint: string): AnalyzeOutcome => ({ ok: false, message, hint });
