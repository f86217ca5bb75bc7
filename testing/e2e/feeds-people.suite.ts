import { P256Keypair } from '@atproto/crypto';
import { describe, expect, test } from 'vitest';
import { readToEnd, throughAppView, tokenOf, urisOf, withToken } from './feeds-reader.ts';
import { type OnStage, soon, type Stage } from './feeds-stage.ts';

const FEED = 'all-posts';
const defs = 'app.bsky.feed.defs';

const whole = async (stage: Stage, name: string | undefined, rkey = FEED): Promise<string[]> =>
  urisOf(await readToEnd(stage.appView(rkey, name), [100]));

/** What viewers say of posts changes what they are shown, and nobody else. */
export const feedback = (stage: OnStage): void => {
  describe('interactions, by way of the PDS', () => {
    const say = async (event: string, uris: readonly string[]): Promise<void> => {
      const { network, operator } = stage();
      const agent = network.agent('paula').withProxy('bsky_fg', network.skyflow.did);
      const { reqId } = await stage().appView(FEED, 'paula')({ limit: 3 });
      expect(reqId).toBeDefined();
      const interactions = uris.map((item) => ({ item, event: `${defs}#${event}`, reqId: reqId ?? '' }));
      const answer = await agent.app.bsky.feed.sendInteractions({ feed: operator.uriOf(FEED), interactions });
      expect(answer.success).toBe(true);
    };

    test('show less: the post is gone from the next first page, its author further down', async () => {
      const { world } = stage();
      // Whoever was away a moment ago is there again.
      await expect.poll(() => whole(stage(), 'paula'), soon).toHaveLength(world.roots().length);
      const before = await whole(stage(), 'paula');
      const unwanted = world.postOf('erika', 1);
      expect(before[0]).toBe(unwanted.uri);
      await say('requestLess', [unwanted.uri]);
      const after = await whole(stage(), 'paula');
      const isErikas = (uri: string): boolean => world.authorOf(uri) === 'erika';
      const others = before.filter((uri) => uri !== unwanted.uri);
      expect(after).toEqual([...others.filter((uri) => !isErikas(uri)), ...others.filter(isErikas)]);
      expect(await whole(stage(), 'walter')).toEqual(before);
      expect(await whole(stage(), undefined)).toEqual(before);
    });

    test('what was on the screen comes after what was not', async () => {
      const before = await whole(stage(), 'paula');
      const seen = before.slice(0, 2);
      await say('interactionSeen', seen);
      expect(await whole(stage(), 'paula')).toEqual([...before.slice(2), ...seen]);
      expect((await whole(stage(), 'walter')).slice(1, 3)).toEqual(seen);
    });

    test('show more: the author comes up', async () => {
      const { world } = stage();
      const before = await whole(stage(), 'paula');
      const wanted = world.postOf('bruno', 3);
      expect(before.indexOf(wanted.uri)).toBeGreaterThan(3);
      await say('requestMore', [wanted.uri]);
      const after = await whole(stage(), 'paula');
      expect(after[0]).toBe(wanted.uri);
      expect(after.slice(0, 3).map((uri) => world.authorOf(uri))).toEqual(['bruno', 'bruno', 'bruno']);
      expect(after.toSorted()).toEqual(before.toSorted());
      expect((await whole(stage(), 'walter')).indexOf(wanted.uri)).toBeGreaterThan(3);
    });
  });
};

/** Who may look, and who may be seen. */
export const rules = (stage: OnStage): void => {
  describe('members and bans', () => {
    test('a feed for members shows something to them and nothing to anybody else', async () => {
      const { operator, network } = stage();
      expect(await whole(stage(), 'marta', 'club')).toEqual([]);
      const answer = await operator.feeds('members', 'club', '--add', 'marta.test');
      expect(answer).toMatchObject({ added: 1, members: [{ did: network.account('marta').did }] });
      const ofMarta = stage()
        .world.roots()
        .filter(({ author }) => author === 'marta');
      await expect.poll(() => whole(stage(), 'marta', 'club'), soon).toEqual(ofMarta.map(({ uri }) => uri));
      for (const name of ['vera', undefined]) {
        expect(await whole(stage(), name, 'club')).toEqual([]);
        expect((await stage().skeleton('club', name)({})).posts).toEqual([]);
      }
    });

    test('a banned author is gone at once, also from a list that is being paged, and back when no longer banned', async () => {
      const { operator, world } = stage();
      const isErikas = (uri: string): boolean => world.authorOf(uri) === 'erika';
      const before = await whole(stage(), undefined);
      expect(before.some(isErikas)).toBe(true);
      const ask = stage().skeleton(FEED, undefined);
      const { posts, cursor } = await ask({ limit: 2 });
      await operator.feeds('ban', 'erika.test', '--reason', 'spam');
      const others = before.filter((uri) => !isErikas(uri));
      expect(await whole(stage(), undefined)).toEqual(others);
      const rest = await readToEnd((turn) => ask({ ...turn, cursor: turn.cursor ?? cursor }), [4]);
      expect(urisOf(rest)).toEqual(before.slice(posts.length).filter((uri) => !isErikas(uri)));
      await operator.feeds('unban', 'erika.test');
      await expect.poll(() => whole(stage(), undefined), soon).toEqual(before);
    });
  });
};

/** The alg of a token. */
const algOf = (token: string): unknown =>
  (JSON.parse(Buffer.from(token.split('.')[0] ?? '', 'base64url').toString()) as { alg: unknown }).alg;

const lxm = 'app.bsky.feed.getFeedSkeleton';

/** A service-auth token by a key that the PDS does not have. */
const signed = async (key: P256Keypair, iss: string, aud: string): Promise<string> => {
  const second = Math.floor(Date.now() / 1000);
  const parts = [
    { typ: 'JWT', alg: key.jwtAlg },
    { iss, aud, lxm, iat: second, exp: second + 60, jti: crypto.randomUUID() },
  ];
  const text = parts.map((part) => Buffer.from(JSON.stringify(part)).toString('base64url')).join('.');
  return `${text}.${Buffer.from(await key.sign(Buffer.from(text))).toString('base64url')}`;
};

/** Tokens of both kinds of keys are understood, and a key that was changed is noticed. */
export const keys = (stage: OnStage): void => {
  describe('keys of viewers', () => {
    test('secp256k1 at first, then P-256', async () => {
      const { network, operator } = stage();
      const { skyflow, parts } = network;
      const { did } = network.account('quentin');
      const feed = operator.uriOf('flow');
      const flow = await readToEnd(stage().skeleton('flow', 'vera'), [100]);
      expect(algOf(await tokenOf(network.account('quentin'), skyflow.did, lxm))).toBe('ES256K');
      expect(urisOf(await readToEnd(stage().skeleton('flow', 'quentin'), [100]))).not.toEqual([]);

      const key = await P256Keypair.create();
      await parts.pds.ctx.plcClient.updateAtprotoKey(did, parts.pds.ctx.plcRotationKey, key.did());
      // The test AppView looks at an account's key once an hour only.
      await parts.bsky.dataplane.idResolver.did.resolve(did, true);
      const token = await signed(key, did, skyflow.did);
      expect(algOf(token)).toBe('ES256');
      const agent = withToken(parts.bsky.url, token);
      // Quentin follows whom Vera follows; what she wrote herself is in his feed only.
      const shown = await readToEnd(throughAppView(agent, feed), [4, 1]);
      const ofVera = (uri: string): boolean => stage().world.authorOf(uri) === 'vera';
      expect(shown.filter(({ uri }) => !ofVera(uri))).toEqual(flow);
      // The PDS knows nothing of it and signs with the key that no longer counts.
      await expect(stage().skeleton('flow', 'quentin')({})).rejects.toThrow('401');
    });
  });
};
