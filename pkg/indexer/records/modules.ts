import { generator, list, profile } from './described.ts';
import { post } from './post.ts';
import { block, follow, like, listItem, repost } from './relations.ts';
import type { Operation, RecordModule } from './types.ts';

/** Every collection Skyflow indexes: add one here and it is wanted, parsed, counted and stored. */
export const recordModules: readonly RecordModule[] = [
  like,
  post,
  repost,
  follow,
  block,
  listItem,
  profile,
  list,
  generator,
];

const byCollection = new Map(recordModules.map((module) => [module.collection, module]));

/** The module of a collection, or undefined when it is not indexed. */
export const moduleOf = (collection: string): RecordModule | undefined => byCollection.get(collection);

/** `like/create`: how an operation is counted. Made once, because a joined text a frame costs as much as reading its key. */
export const operationName = (module: RecordModule, operation: Operation): string =>
  (operationNames.get(module) as Readonly<Record<Operation, string>>)[operation];

const namesOf = (module: RecordModule): Readonly<Record<Operation, string>> => ({
  create: `${module.name}/create`,
  update: `${module.name}/update`,
  delete: `${module.name}/delete`,
});

const operationNames = new Map(recordModules.map((module) => [module, namesOf(module)]));
