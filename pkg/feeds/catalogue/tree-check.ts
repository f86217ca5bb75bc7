import { nearestName } from '#pkg/runtime/nearest.ts';
import { allowedFunctions, allowedNodes, allowedTableFunctions, allowedTables, isAllowedFunction } from './allowed.ts';
import type { SyntaxNode } from './syntax-tree.ts';

/** What the names in a statement can stand for. */
export interface Surroundings {
  /** `feed.sql`, for the sentences. */
  readonly file: string;
  readonly database: string;
  /** Every table that the database has. */
  readonly tables: ReadonlySet<string>;
  /** Every function that the engine has, in lower case. */
  readonly functions: ReadonlySet<string>;
  /** Names that the statement's own WITH gives to sub-queries. */
  readonly ctes: ReadonlySet<string>;
}

const inFunction = /^(?:global)?(?:not)?(?:null)?in(?:ignoreset)?$/i;

/** The names that a statement gives, to whatever `isWanted`. */
const aliasesOf = (node: SyntaxNode, isWanted: (node: SyntaxNode) => boolean): Set<string> => {
  const found = new Set<string>();
  const visit = (one: SyntaxNode): void => {
    if (one.alias !== undefined && isWanted(one)) found.add(one.alias);
    for (const child of one.children) visit(child);
  };
  visit(node);
  return found;
};

/**
 * What a statement does that it may not, in sentences. What is not known is refused: the lists say what may be used.
 * @param root the tree of the whole statement
 */
export const checkTree = (root: SyntaxNode, around: Surroundings): string[] => {
  const { file } = around;
  const mistakes = new Set<string>();
  const given = new Set([...around.ctes, ...aliasesOf(root, () => true)]);
  const ownFunctions = aliasesOf(root, ({ type, text }) => type === 'Function' && text === 'lambda');

  const tableMistake = (name: string, own: ReadonlySet<string>): string | undefined => {
    const [first = '', second, third] = name.split('.');
    const table = second ?? first;
    const isHere = second === undefined || (third === undefined && first === around.database);
    if (isHere && allowedTables.has(table)) return undefined;
    // A name of the statement's own that is also a table's would be that table outside of the sub-query that gives it.
    if (second === undefined && own.has(first) && !around.tables.has(first)) return undefined;
    if (second === undefined && own.has(first))
      return `${file} calls something of its own ${first}, which is a table that feeds may not read. Use another name.`;
    const meant = nearestName(table, [...allowedTables, ...own]);
    return (
      `${file} reads ${name}, which feeds may not read. docs/write-a-feed.md lists the tables that they may.` +
      (meant === undefined ? '' : ` Did you mean ${meant}?`)
    );
  };
  const functionMistake = (name: string): string | undefined => {
    if (isAllowedFunction(name)) return undefined;
    // As with tables: outside of where it is given, the name would be the engine's function.
    if (ownFunctions.has(name) && !around.functions.has(name.toLowerCase())) return undefined;
    const meant = nearestName(name, allowedFunctions);
    return `${file} uses the function ${name}, which feeds may not use.${meant === undefined ? '' : ` Did you mean ${meant}?`}`;
  };
  const note = (mistake: string | undefined): void => void (mistake !== undefined && mistakes.add(mistake));

  const visit = (node: SyntaxNode, parent: SyntaxNode | undefined): void => {
    if (node.type === 'Set') note(`${file} has a SETTINGS clause. Leave it out: the limits of feeds are fixed.`);
    else if (!allowedNodes.has(node.type)) note(`${file} uses something that feeds may not use (${node.type}).`);
    if (node.type === 'TableIdentifier') note(tableMistake(node.text, around.ctes));
    if (node.type === 'Function' && parent?.type === 'TableExpression')
      note(
        allowedTableFunctions.has(node.text.toLowerCase())
          ? undefined
          : `${file} reads from ${node.text}(...). Of such functions a feed may use numbers, zeros, values and generateSeries.`,
      );
    else if (node.type === 'Function') note(functionMistake(node.text));
    if (node.type === 'Function' && inFunction.test(node.text)) {
      const right = node.children[0]?.children[1];
      if (right?.type === 'Identifier') note(tableMistake(right.text, given));
    }
    for (const child of node.children) visit(child, node);
  };

  const isSelect = root.type === 'SelectWithUnionQuery' && root.children.length === 1;
  if (!isSelect) note(`${file} must be one SELECT, without FORMAT, SETTINGS or INTO OUTFILE.`);
  visit(root, undefined);
  return [...mistakes];
};

const cteName =
  /(?:`([^`]*)`|\b([A-Za-z_][A-Za-z0-9_]*))(?:\s*\([^()]*\))?\s+AS\s+(?:MATERIALIZED\s+)?\(\s*(?:SELECT|WITH|\()/g;
const texts = /'(?:[^'\\]|\\[^]|'')*'/g;

/** The names that WITH gives, in a statement as the engine writes it: its tree does not show them. */
export const ctesOf = (formatted: string): ReadonlySet<string> =>
  new Set([...formatted.replaceAll(texts, "''").matchAll(cteName)].map(([, quoted, bare]) => quoted ?? bare ?? ''));
