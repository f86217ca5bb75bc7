import { copyFile, mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { runSkyflow } from '../../cmd/skyflow/e2e-process.ts';
import type { Network } from './network.ts';

const picture = fileURLToPath(new URL('../../pkg/feeds/ours/whats-hot/avatar.png', import.meta.url));

/** A feed of the operator's own. */
export interface OwnFeed {
  readonly rkey: string;
  readonly manifest: { readonly [field: string]: unknown };
  /** Without: a template's. */
  readonly sql?: string;
  readonly hasPicture?: boolean;
}

/** Root posts of all times, by likes; two more a like do not hide what somebody's wishes change. */
const allPostsSql = `SELECT actor_id, tid, {base:UInt32} + countIf(liker != 0 AND liker != actor_id) AS score,
    concat('likes: ', toString(countIf(liker != 0 AND liker != actor_id))) AS context
FROM (
    SELECT author_posts.actor_id AS actor_id, author_posts.tid AS tid
    FROM author_posts
    GROUP BY actor_id, tid
    HAVING argMax(deleted, version) = 0 AND argMax(reply_parent_id, version) = 0
) AS roots
LEFT JOIN (
    SELECT subject_id, subject_tid, engagement.actor_id AS liker
    FROM engagement
    WHERE kind = 'like'
    GROUP BY subject_id, subject_tid, liker, engagement.tid
    HAVING argMax(deleted, version) = 0
) AS likes ON subject_id = roots.actor_id AND subject_tid = roots.tid
GROUP BY actor_id, tid
`;

/** One of own SQL and one of each template. @param pinned at-uris of the posts of the static one */
export const ownFeeds = (pinned: readonly string[]): OwnFeed[] => {
  const often = { refresh: '1s', keep: '5m' };
  return [
    {
      rkey: 'all-posts',
      manifest: {
        displayName: 'All posts',
        description: 'Every post, the most liked first.',
        acceptsInteractions: true,
        settings: { base: 10 },
        ...often,
      },
      sql: allPostsSql,
      hasPicture: true,
    },
    {
      rkey: 'club',
      manifest: { displayName: 'The club', visibility: 'members', order: 'time', template: 'members', ...often },
    },
    {
      rkey: 'pinboard',
      manifest: {
        displayName: 'Pinboard',
        order: 'time',
        template: 'static',
        settings: { posts: pinned, pinned: true },
        ...often,
      },
    },
    {
      rkey: 'tea',
      manifest: {
        displayName: 'Tea',
        order: 'time',
        template: 'keyword',
        settings: { words: ['tea'], hashtags: ['tea'] },
        ...often,
      },
    },
    {
      rkey: 'deutsch',
      manifest: {
        displayName: 'Auf Deutsch',
        order: 'time',
        template: 'language',
        settings: { langs: ['de'], mode: 'latest' },
        ...often,
      },
    },
    {
      rkey: 'liked',
      manifest: {
        displayName: 'Liked',
        template: 'trending',
        settings: { gravity: 0, min_likes: 3, fill: 0 },
        ...often,
      },
    },
  ];
};

/** What somebody does who runs this Skyflow: drops folders, types commands. */
export class Operator {
  readonly #network: Network;
  #passwordFile: string | undefined;

  constructor(network: Network) {
    this.#network = network;
  }

  /** At-uri under which a feed is published. */
  uriOf(rkey: string): string {
    return `at://${this.did}/app.bsky.feed.generator/${rkey}`;
  }

  get did(): string {
    return this.#network.account('olga').did;
  }

  /** Writes the folder of a feed, or writes it anew. */
  async drop({ rkey, manifest, sql, hasPicture = false }: OwnFeed): Promise<void> {
    const folder = join(this.#network.skyflow.feedsDir, rkey);
    await mkdir(folder, { recursive: true });
    if (sql !== undefined) await writeFile(join(folder, 'feed.sql'), sql);
    if (hasPicture) await copyFile(picture, join(folder, 'avatar.png'));
    await writeFile(join(folder, 'feed.json'), JSON.stringify(manifest));
  }

  /** `skyflow feeds ARGS --json` against the running process: what it printed. @throws where it failed */
  async feeds<Answer>(...args: string[]): Promise<Answer> {
    const all = ['feeds', ...args, '--data-dir', this.#network.skyflow.dataDir, '--json'];
    const { code, stdout, stderr } = await runSkyflow(all);
    if (code !== 0) throw new Error(`skyflow ${all.join(' ')} ended with ${code}\n${stderr}`);
    return JSON.parse(stdout) as Answer;
  }

  /** The same of a command that signs in at the PDS, with an app password made for it. */
  async asPublisher<Answer>(...args: string[]): Promise<Answer> {
    const { plc } = this.#network.parts;
    this.#passwordFile ??= await this.#writePassword();
    const who = ['--account', this.did, '--password-file', this.#passwordFile, '--plc-url', plc.url];
    return this.feeds<Answer>(...args, ...who, '--allow-private-hosts', '--yes');
  }

  async #writePassword(): Promise<string> {
    const { agent } = this.#network.account('olga');
    const { data } = await agent.com.atproto.server.createAppPassword({ name: 'skyflow' });
    const file = join(dirname(this.#network.skyflow.dataDir), 'password');
    await writeFile(file, `${data.password}\n`, { mode: 0o600 });
    return file;
  }
}
