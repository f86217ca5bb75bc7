import type { ClickHouse } from '#pkg/clickhouse/client.ts';
import { createKeys } from '#pkg/clickhouse/keys.ts';
import { loadSalt } from '#pkg/clickhouse/salt.ts';
import { compareAnswers, describeComparison } from '#testing/oracle/compare.ts';
import type { Oracle, OracleActor } from '#testing/oracle/oracle.ts';
import { engagementOf, pairsOf, readEdges, readFollowCounts, recordsOf } from './edges.ts';
import { type Answers, expectedAnswers } from './expected.ts';
import { type Names, namesOf } from './names.ts';
import { readGenerators, readListItems, readLists, readPosts, readProfiles, type Stored } from './records.ts';
import { select } from './select.ts';

/** Under its uri, or under `<uri> again` where the table gives one record twice: a double count must not hide in a Map. */
const byUri = <Record>(rows: readonly Stored<Record>[]): Map<string, Record> => {
  const found = new Map<string, Record>();
  for (const { uri, record } of rows) found.set(found.has(uri) ? `${uri} again` : uri, record);
  return found;
};

type ActorRow = { actor_id: string; did: string; handle: string; active: number; status: string };

const readActors = async (store: ClickHouse, oracle: Oracle, names: Names) => {
  const rows = await select<ActorRow>(store, 'SELECT actor_id, did, handle, active, status FROM accounts');
  const actors = new Map<string, OracleActor>();
  const unnamed = oracle.subjects();
  const authors = oracle.authors();
  for (const row of rows) {
    // Mentioned accounts of posts long gone are in the table too, and in nobody's answer.
    const known = names.did(row.actor_id);
    if (known === row.did) unnamed.delete(row.did);
    if (!authors.has(row.did)) continue;
    const state = { handle: row.handle === '' ? null : row.handle, active: row.active === 1, status: row.status };
    actors.set(actors.has(row.did) || known !== row.did ? `${row.did} again` : row.did, state);
  }
  return { actors, unnamed };
};

/** What the tables answer, in plain SQL, named as the oracle names things. */
export const readAnswers = async (store: ClickHouse, oracle: Oracle): Promise<Answers> => {
  const names = namesOf(oracle, createKeys(await loadSalt(store)));
  const typed = {
    'app.bsky.feed.post': await readPosts(store, names),
    'app.bsky.actor.profile': await readProfiles(store, names),
    'app.bsky.graph.list': await readLists(store, names),
    'app.bsky.graph.listitem': await readListItems(store, names),
    'app.bsky.feed.generator': await readGenerators(store, names),
  };
  const edges = await readEdges(store, 'edges');
  const asAccounts = { subject_tid: '0' };
  const follows = await readEdges(store, 'follows', { ...asAccounts, kind: 'follow' });
  const followers = await readEdges(store, 'followers', { ...asAccounts, kind: 'follow' });
  const blocks = await readEdges(store, 'blocks', { ...asAccounts, kind: 'block' });
  const { actors, unnamed } = await readActors(store, oracle, names);
  const live = [
    ...Object.entries(typed).flatMap(([collection, rows]) => rows.map((row) => ({ ...row, collection }))),
    ...recordsOf(edges, names),
  ];
  const [dead] = await select<{ rows: string }>(store, 'SELECT count() AS rows FROM dead_letters');
  return {
    posts: byUri(typed['app.bsky.feed.post']),
    profiles: byUri(typed['app.bsky.actor.profile']),
    lists: byUri(typed['app.bsky.graph.list']),
    listItems: byUri(typed['app.bsky.graph.listitem']),
    generators: byUri(typed['app.bsky.feed.generator']),
    actors,
    engagement: engagementOf(await readEdges(store, 'engagement'), names),
    engagementOfEdges: engagementOf(edges, names),
    follows: pairsOf(follows, 'follow', names),
    followersTurned: pairsOf(followers, 'follow', names),
    followsOfEdges: pairsOf(edges, 'follow', names),
    blocks: pairsOf(blocks, 'block', names),
    blocksOfEdges: pairsOf(edges, 'block', names),
    followCounts: await readFollowCounts(store, names),
    liveCounts: countsOf(live, oracle),
    revisionsUs: new Map(live.map((row) => [row.uri, row.revisionUs])),
    unnamedDids: unnamed,
    deadLetters: Number(dead?.rows ?? -1),
  };
};

const countsOf = (live: readonly { collection: string }[], oracle: Oracle): Map<string, number> => {
  const counts = new Map([...oracle.liveCounts().keys()].map((collection) => [collection, 0]));
  for (const { collection } of live) counts.set(collection, (counts.get(collection) ?? 0) + 1);
  return counts;
};

/** What differs between the tables and the oracle, in words; empty when nothing does. */
export const differences = async (store: ClickHouse, oracle: Oracle): Promise<string> =>
  describeComparison(compareAnswers(expectedAnswers(oracle), await readAnswers(store, oracle)));
