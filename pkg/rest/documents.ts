import { isDeepStrictEqual } from 'node:util';

/** What two OpenAPI documents can be merged by. */
export interface ApiDocument {
  readonly openapi: string;
  readonly info: object;
  readonly tags?: readonly { readonly name: string }[];
  readonly paths?: Readonly<Record<string, object>>;
  readonly components?: Readonly<Record<string, object>>;
  readonly security?: readonly object[];
}

/**
 * One document of two: the paths, components and tags of both. What the document says of itself (`info`, `servers`, `security`)
 * is the first one's; operations of the second keep what its own `security` asked of them.
 * @throws TypeError where both have the same path, or a component of the same name that is not the same
 */
export function mergeDocuments<D extends ApiDocument>(first: D, second: ApiDocument): D {
  const known = new Set(first.tags?.map(({ name }) => name));
  const paths = { ...first.paths };
  for (const [path, item] of Object.entries(second.paths ?? {})) {
    if (Object.hasOwn(paths, path)) throw new TypeError(`both documents have the path ${path}`);
    paths[path] = withSecurity(item, second.security);
  }
  return {
    ...first,
    tags: [...(first.tags ?? []), ...(second.tags ?? []).filter(({ name }) => !known.has(name))],
    paths,
    components: mergeComponents(first.components ?? {}, second.components ?? {}),
  };
}

const METHODS: ReadonlySet<string> = new Set(['get', 'put', 'post', 'delete', 'options', 'head', 'patch', 'trace']);

const withSecurity = (item: object, security: readonly object[] | undefined): object =>
  security === undefined
    ? item
    : Object.fromEntries(
        Object.entries(item).map(([key, value]: [string, object]) => [
          key,
          METHODS.has(key) && !Object.hasOwn(value, 'security') ? { ...value, security } : value,
        ]),
      );

function mergeComponents(
  first: Readonly<Record<string, object>>,
  second: Readonly<Record<string, object>>,
): Record<string, object> {
  const merged: Record<string, object> = { ...first };
  for (const [kind, components] of Object.entries(second)) {
    const before = (merged[kind] ?? {}) as Record<string, unknown>;
    for (const [name, component] of Object.entries(components)) {
      if (Object.hasOwn(before, name) && !isDeepStrictEqual(before[name], component)) {
        throw new TypeError(`both documents have another ${name} in ${kind}`);
      }
    }
    merged[kind] = { ...before, ...components };
  }
  return merged;
}
