import type { Oracle, OracleActor, OracleEngagement, OracleFollowCounts } from '#testing/oracle/oracle.ts';
import type {
  OracleGenerator,
  OracleList,
  OracleListItem,
  OraclePost,
  OracleProfile,
} from '#testing/oracle/records.ts';
import { tidTimeUs } from '#testing/oracle/syntax.ts';

/** Everything that the tables and the oracle both answer, in the network's own names. */
export interface Answers {
  posts: Map<string, OraclePost>;
  profiles: Map<string, OracleProfile>;
  lists: Map<string, OracleList>;
  listItems: Map<string, OracleListItem>;
  generators: Map<string, OracleGenerator>;
  actors: Map<string, OracleActor>;
  /** From `engagement`, and a second time from `edges`. */
  engagement: Map<string, OracleEngagement>;
  engagementOfEdges: Map<string, OracleEngagement>;
  /** From `follows`, from `followers` turned round, and from `edges`. */
  follows: Map<string, Set<string>>;
  followersTurned: Map<string, Set<string>>;
  followsOfEdges: Map<string, Set<string>>;
  blocks: Map<string, Set<string>>;
  blocksOfEdges: Map<string, Set<string>>;
  followCounts: Map<string, OracleFollowCounts>;
  /** Live records by collection. */
  liveCounts: Map<string, number>;
  /** Microseconds of the revision each live record stands at. */
  revisionsUs: Map<string, number>;
  /** DIDs that records point at and that `actors` has no row for, or a wrong one. */
  unnamedDids: Set<string>;
  /** Rows that could not be stored. */
  deadLetters: number;
}

/** The oracle's answers in the shape of `Answers`. */
export const expectedAnswers = (oracle: Oracle): Answers => ({
  posts: oracle.posts(),
  profiles: oracle.profiles(),
  lists: oracle.lists(),
  listItems: oracle.listItems(),
  generators: oracle.generators(),
  actors: oracle.actors(),
  engagement: oracle.engagement(),
  engagementOfEdges: oracle.engagement(),
  follows: oracle.follows(),
  followersTurned: oracle.follows(),
  followsOfEdges: oracle.follows(),
  blocks: oracle.blocks(),
  blocksOfEdges: oracle.blocks(),
  followCounts: oracle.followCounts(),
  liveCounts: oracle.liveCounts(),
  revisionsUs: new Map([...oracle.revisions()].map(([uri, rev]) => [uri, tidTimeUs(rev)])),
  unnamedDids: new Set(),
  deadLetters: 0,
});
