import { readFileSync } from 'node:fs';

/** What an operator's statement may read. Documented in docs/write-a-feed.md, with their columns. */
export const allowedTables: ReadonlySet<string> = new Set([
  'posts',
  'author_posts',
  'engagement',
  'edges',
  'follows',
  'followers',
  'blocks',
  'blocked_pairs',
  'mentions',
  'actors',
  'accounts',
  'inactive_accounts',
  'profiles',
  'lists',
  'list_items',
  'odd_keys',
  'recent_posts',
]);

/** Functions that stand for a table and read nothing. In lower case. */
export const allowedTableFunctions: ReadonlySet<string> = new Set([
  'numbers',
  'numbers_mt',
  'zeros',
  'zeros_mt',
  'values',
  'generateseries',
  'generate_series',
]);

/** What a SELECT is made of. Left out: `APPLY`, which names a function where no other can be seen, and SETTINGS. */
export const allowedNodes: ReadonlySet<string> = new Set([
  'SelectWithUnionQuery',
  'SelectIntersectExceptQuery',
  'SelectQuery',
  'ExpressionList',
  'WithElement',
  'Subquery',
  'Literal',
  'Identifier',
  'TableIdentifier',
  'Function',
  'Asterisk',
  'QualifiedAsterisk',
  'ColumnsRegexpMatcher',
  'ColumnsListMatcher',
  'QualifiedColumnsRegexpMatcher',
  'QualifiedColumnsListMatcher',
  'ColumnsTransformerList',
  'ColumnsExceptTransformer',
  'ColumnsReplaceTransformer',
  'ColumnsReplaceTransformer::Replacement',
  'TablesInSelectQuery',
  'TablesInSelectQueryElement',
  'TableExpression',
  'TableJoin',
  'ArrayJoin',
  'SampleRatio',
  'OrderByElement',
  'InterpolateElement',
  'WindowListElement',
  'WindowDefinition',
]);

const wordsOf = (file: string): ReadonlySet<string> =>
  new Set(
    readFileSync(new URL(file, import.meta.url), 'utf8')
      .split('\n')
      .filter((line) => !line.startsWith('#'))
      .flatMap((line) => line.split(' '))
      .filter((word) => word !== ''),
  );

/** In lower case. */
export const allowedFunctions = wordsOf('functions.txt');
const aggregates = wordsOf('aggregates.txt');
const combinator =
  /(?:simplestate|mergestate|ordefault|distinct|resample|foreach|argmax|argmin|ornull|tuple|merge|state|array|null|map|if)$/;

/** Whether a function can do no harm, with whatever is put behind an aggregate's name (`sumIf`). */
export const isAllowedFunction = (name: string): boolean => {
  let base = name.toLowerCase();
  if (allowedFunctions.has(base)) return true;
  for (;;) {
    if (aggregates.has(base)) return true;
    const shorter = base.replace(combinator, '');
    if (shorter === base) return false;
    base = shorter;
  }
};
