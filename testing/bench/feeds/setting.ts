import { createHash } from 'node:crypto';
import { Secp256k1Keypair } from '@atproto/crypto';
import { createServiceJwt } from '@atproto/xrpc-server';

/** What both sides of the benchmark are asked for. */
export const SERVICE_DID = 'did:web:feeds.bench.example';
export const FEED_RKEY = 'whats-hot';
export const FEED_URI = `at://${SERVICE_DID}/app.bsky.feed.generator/${FEED_RKEY}`;
export const METHOD = 'app.bsky.feed.getFeedSkeleton';
/** Posts that the starter's table holds: as many as its published figure was measured with. */
export const POSTS = 200_000;

/** An account that can sign: made of its number alone, so that the server and the load have the same without being told. */
export interface BenchAccount {
  readonly did: string;
  /** A did:key. */
  readonly publicKey: string;
  readonly keypair: Secp256k1Keypair;
}

/** The accounts 0 to `count` - 1. */
export const benchKeys = (count: number): Promise<BenchAccount[]> =>
  Promise.all(
    Array.from({ length: count }, async (_, n) => {
      const seed = createHash('sha256').update(`bench-feeds ${n}`).digest();
      const keypair = await Secp256k1Keypair.import(seed);
      const letters = [...seed.subarray(0, 24)].map((byte) => 'abcdefghijklmnopqrstuvwxyz234567'[byte % 32]).join('');
      return { did: `did:plc:${letters}`, publicKey: keypair.did(), keypair };
    }),
  );

/** A token as the account's PDS makes one for each request: none is like another. */
export const benchToken = ({ did, keypair }: BenchAccount, lifeS = 60): Promise<string> =>
  createServiceJwt({
    iss: did,
    aud: SERVICE_DID,
    lxm: METHOD,
    exp: Math.floor(Date.now() / 1000) + lifeS,
    keypair,
  });
