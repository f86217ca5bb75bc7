/** A node of a statement as the engine's own parser sees it. */
export interface SyntaxNode {
  /** `Function`, `TableIdentifier`, ... */
  readonly type: string;
  /** The name of a function, table or column; a literal's value. */
  readonly text: string;
  readonly alias: string | undefined;
  readonly children: readonly SyntaxNode[];
}

/** The answer is no tree as we know it: nothing is concluded from it then. */
export class UnreadableTreeError extends Error {
  override readonly name = 'UnreadableTreeError';
}

const line = /^( *)([A-Za-z:]+)(?: (.*?))??(?: \(alias ([A-Za-z0-9_ -]+)\))?(?: \(children (\d+)\))?$/;
/** Names that could be taken for something else in the answer are not read at all. */
const plainName = /^[A-Za-z0-9_. -]*$/;
const named: ReadonlySet<string> = new Set(['Function', 'Identifier', 'TableIdentifier']);

/**
 * Reads the answer to EXPLAIN AST. Every node says how many children it has, so lines that a strange name made up, or took
 * away, are noticed.
 * @param lines one node each
 * @throws UnreadableTreeError
 */
export const readSyntaxTree = (lines: readonly string[]): SyntaxNode => {
  let next = 0;
  const read = (depth: number): SyntaxNode => {
    const [whole, indent = '', type = '', text = '', alias, count = '0'] = line.exec(lines[next] ?? '') ?? [];
    if (whole === undefined || indent.length !== depth) throw new UnreadableTreeError('a line is not understood');
    if (named.has(type) && !plainName.test(text)) throw new UnreadableTreeError('a name has unusual characters');
    next += 1;
    const children = Array.from({ length: Number(count) }, () => read(depth + 1));
    return { type, text, alias, children };
  };
  const root = read(0);
  if (next !== lines.length) throw new UnreadableTreeError('there are more lines than nodes');
  return root;
};
