import { isDid, typedHandle } from '#pkg/atproto/syntax.ts';
import type { ClickHouse } from '#pkg/clickhouse/client.ts';
import type { Directory } from '#pkg/identity/directory.ts';
import { findAccount } from '../analyze/find-account.ts';

/**
 * The identities of an invented network: what was indexed is all there is of them, and nobody outside is asked. They have
 * no PDS and no key, so nobody can sign in as one of them.
 */
export const inventedDirectory = (store: ClickHouse): Directory => ({
  async resolve(handleOrDid) {
    const handle = typedHandle(handleOrDid.trim());
    const did = isDid(handleOrDid) ? handleOrDid : await findAccount(store, handle);
    if (did !== undefined) return { did, handle: isDid(handleOrDid) ? null : handle, pdsUrl: null, signingKey: null };
    return { problem: 'not_found', message: `this invented network has no account with the handle ${handle}` };
  },
  signingKey: async () => null,
  refreshKey: async () => null,
});
