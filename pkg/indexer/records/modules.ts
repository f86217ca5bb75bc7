import { generator, list, profile } from './described.ts';
import { post } from './post.ts';
import { block, follow, like, listItem, repost } from './relations.ts';
import type { RecordModule } from './types.ts';

/** Every collection Skyflow indexes: add one here and it is wanted, parsed, counted and stored. */
export const recordModules: readonly RecordModule[] = [like, post, repost, follow, block, listItem, profile, list, generator];

const byCollection = new Map(recordModules.map((module) => [module.collection, module]));

/** The module of a collection, or undefined when it is not indexed. */
export const moduleOf = (collection: string): RecordModule | undefined => byCollection.get(collection);
