import { readdirSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test, vi } from 'vitest';
import { OURS_DIR } from '../../pkg/feeds/catalogue/catalogue.ts';
import { ownFeeds } from './feeds-operator.ts';
import { type OnStage, soon, type Stage } from './feeds-stage.ts';

/** What `skyflow feeds publish` prints. */
export interface Published {
  readonly serviceDid: string;
  readonly feeds: readonly {
    readonly rkey: string;
    readonly state: string;
    readonly uri: string;
    readonly cid: string;
    readonly changes: readonly string[];
  }[];
}

const collection = 'app.bsky.feed.generator';
const ours = readdirSync(OURS_DIR, { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map(({ name }) => name);
const theirs = ownFeeds([]).map(({ rkey }) => rkey);

/** Every feed that is published here. */
export const allRkeys = [...ours, ...theirs].toSorted();

const recordOf = async ({ network, operator }: Stage, rkey: string): Promise<{ [field: string]: unknown }> => {
  const { agent } = network.account('olga');
  const { data } = await agent.com.atproto.repo.getRecord({ repo: operator.did, collection, rkey });
  return data.value;
};

const versionOf = async ({ network, operator }: Stage): Promise<string> =>
  (await network.account('olga').agent.com.atproto.sync.getLatestCommit({ did: operator.did })).data.rev;

/** Feeds under which we say that we are asked. */
const described = async ({ network: { skyflow } }: Stage): Promise<string[]> => {
  const answer = await fetch(`${skyflow.url}/xrpc/app.bsky.feed.describeFeedGenerator`);
  const { did, feeds } = (await answer.json()) as { did: string; feeds: { uri: string }[] };
  expect(did).toBe(skyflow.did);
  return feeds.map(({ uri }) => uri).toSorted();
};

/** Publishes every feed, once their folders have been noticed. */
export const publishAll = async ({ network, operator }: Stage): Promise<Published> => {
  await vi.waitFor(async () => {
    const { feeds } = await operator.feeds<{ feeds: { rkey: string }[] }>('list');
    expect(feeds.map(({ rkey }) => rkey).toSorted()).toEqual(allRkeys);
  }, soon);
  const published = await operator.asPublisher<Published>('publish', '--all');
  await network.caughtUp();
  return published;
};

/** All feeds came to the network by `skyflow feeds publish`. @param published what `publishAll` answered */
export const publishing = (stage: OnStage, published: () => Published): void => {
  describe('publishing', () => {
    test('every feed is published, ours and those of the operator', async () => {
      const first = published();
      expect(first.serviceDid).toBe(stage().network.skyflow.did);
      expect(first.feeds.map(({ rkey }) => rkey).toSorted()).toEqual(allRkeys);
      expect(new Set(first.feeds.map(({ state }) => state))).toEqual(new Set(['created']));
      expect(await described(stage())).toEqual(allRkeys.map((rkey) => stage().operator.uriOf(rkey)).toSorted());
    });

    test('the record says what the folder says, with the picture', async () => {
      const { network, operator } = stage();
      const folder = join(network.skyflow.feedsDir, 'all-posts');
      const record = await recordOf(stage(), 'all-posts');
      const manifest = JSON.parse(await readFile(join(folder, 'feed.json'), 'utf8')) as Record<string, unknown>;
      const { displayName, description, acceptsInteractions } = manifest;
      expect(record).toMatchObject({ did: network.skyflow.did, displayName, description, acceptsInteractions });
      const avatar = record['avatar'] as { ref: { toString(): string }; mimeType: string };
      expect(avatar.mimeType).toBe('image/png');
      const { data } = await network
        .account('olga')
        .agent.com.atproto.sync.getBlob({ did: operator.did, cid: avatar.ref.toString() });
      expect(Buffer.from(data).equals(await readFile(join(folder, 'avatar.png')))).toBe(true);
      const club = await recordOf(stage(), 'club');
      expect(club).not.toHaveProperty('acceptsInteractions');
      expect(club).not.toHaveProperty('avatar');
    });

    test('a second time nothing is written', async () => {
      const before = await versionOf(stage());
      const again = await stage().operator.asPublisher<Published>('publish', '--all');
      expect(new Set(again.feeds.map(({ state }) => state))).toEqual(new Set(['same']));
      expect(await versionOf(stage())).toBe(before);
    });

    test('another description is shown as a difference, and written', async () => {
      const { operator, network } = stage();
      const feed = ownFeeds([]).find(({ rkey }) => rkey === 'all-posts');
      if (feed === undefined) throw new Error('there is no such feed');
      const created = await recordOf(stage(), 'all-posts');
      const description = 'Every post there is.';
      await operator.drop({ ...feed, manifest: { ...feed.manifest, description } });
      const dryRun = async () => (await operator.asPublisher<Published>('publish', 'all-posts', '--dry-run')).feeds[0];
      await expect.poll(async () => (await dryRun())?.changes.length, soon).toBeGreaterThan(0);
      expect(await dryRun()).toMatchObject({
        state: 'declined',
        changes: [expect.stringContaining(String(created['description'])), expect.stringContaining(description)],
      });
      expect(await recordOf(stage(), 'all-posts')).toEqual(created);
      const written = await operator.asPublisher<Published>('publish', 'all-posts');
      expect(written.feeds).toMatchObject([{ rkey: 'all-posts', state: 'updated' }]);
      expect(await recordOf(stage(), 'all-posts')).toEqual({ ...created, description });
      await network.caughtUp();
      const { data } = await network.appViewAgent.app.bsky.feed.getFeedGenerator({ feed: operator.uriOf('all-posts') });
      expect(data.view.description).toBe(description);
    });

    test('what is taken back is gone, for the AppView too, and can be published again', async () => {
      const { operator, network } = stage();
      const feed = operator.uriOf('liked');
      const taken = await operator.asPublisher<{ state: string }>('unpublish', 'liked');
      expect(taken.state).toBe('deleted');
      await network.caughtUp();
      await expect(recordOf(stage(), 'liked')).rejects.toMatchObject({ error: 'RecordNotFound' });
      expect(await described(stage())).not.toContain(feed);
      await expect(network.appViewAgent.app.bsky.feed.getFeed({ feed })).rejects.toThrow('could not find feed');
      const again = await operator.asPublisher<Published>('publish', 'liked');
      expect(again.feeds).toMatchObject([{ state: 'created' }]);
      await network.caughtUp();
    });

    test('the AppView finds each of them online and valid', async () => {
      const { operator, network } = stage();
      for (const rkey of allRkeys) {
        const feed = operator.uriOf(rkey);
        const { data } = await network.account('vera').agent.app.bsky.feed.getFeedGenerator({ feed });
        const record = await recordOf(stage(), rkey);
        expect(data, rkey).toMatchObject({ isOnline: true, isValid: true });
        const { did, displayName, avatar } = data.view;
        expect({ did, displayName }).toEqual({ did: record['did'], displayName: record['displayName'] });
        expect(avatar === undefined, rkey).toBe(record['avatar'] === undefined);
      }
    });
  });
};
