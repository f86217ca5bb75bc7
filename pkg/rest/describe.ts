import { OpenAPIHono, type RouteConfig, type z } from '@hono/zod-openapi';
import type { ApiDocument } from './documents.ts';

/** What routes are described with. */
export const json = <S extends z.ZodType>(schema: S) => ({ 'application/json': { schema } });
export const body = <S extends z.ZodType>(schema: S) => ({ body: { content: json(schema), required: true } });
export const answer = <S extends z.ZodType>(description: string, schema: S) => ({ description, content: json(schema) });

/** The ways to say who one is, as operations name them. */
const SCHEMES = {
  session: {
    type: 'http',
    scheme: 'bearer',
    bearerFormat: 'JWT',
    description: 'The access_token of auth/login or auth/refresh.',
  },
  apiKey: {
    type: 'http',
    scheme: 'bearer',
    description: 'A key that the operator made: `sk_...`. Each is good for some scopes.',
  },
} as const;

/** One part of the API. */
export interface PartDescription {
  readonly title: string;
  readonly tags: readonly { readonly name: string; readonly description: string }[];
  readonly routes: readonly RouteConfig[];
  readonly schemes: readonly (keyof typeof SCHEMES)[];
}

/** `identifier` is of 3.1; the types know 3.0. */
const infoOf = (title: string) => ({ title, version: '1.0.0', license: { name: 'MIT', identifier: 'MIT' } });

/** The part's own OpenAPI 3.1 document. The same wherever the part runs: core-api can serve it with its own. */
export function describePart(part: PartDescription, publicUrl: string): ApiDocument {
  const app = new OpenAPIHono();
  const { openAPIRegistry } = app;
  for (const route of part.routes) openAPIRegistry.registerPath(route);
  for (const name of part.schemes) openAPIRegistry.registerComponent('securitySchemes', name, SCHEMES[name]);
  const document = app.getOpenAPI31Document({
    openapi: '3.1.0',
    info: infoOf(part.title),
    servers: [{ url: publicUrl.replace(/\/+$/, '') }],
    tags: [...part.tags],
  });
  // What is written is JSON: what it leaves out is not there.
  return JSON.parse(JSON.stringify(document)) as ApiDocument;
}
