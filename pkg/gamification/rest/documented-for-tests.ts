import { expect } from 'vitest';
import { z } from 'zod';
import { gamificationDocument } from './described.ts';

interface Operation {
  responses: Record<string, { content?: Record<string, { schema: object }> }>;
}

const document = gamificationDocument('https://skyflow.test') as unknown as {
  paths: Record<string, Record<string, Operation>>;
  components: { schemas: Record<string, object> };
};

/** That the document knows this answer, and that it holds what the document says, and nothing else. Paths that are none of ours pass. */
export function expectDocumented(
  { method, path }: { readonly method: string; readonly path: string },
  { status, json }: { readonly status: number; readonly json: unknown },
): void {
  const template = Object.keys(document.paths).find((one) =>
    new RegExp(`^${one.replaceAll(/\{\w+\}/g, '[^/]+')}$`).test(path),
  );
  const operation = document.paths[template ?? '']?.[method.toLowerCase()];
  if (operation === undefined) return;
  const response = operation.responses[String(status)];
  expect(response, `${method} ${path} does not document ${status}`).toBeDefined();
  const schema = response?.content?.['application/json']?.schema;
  if (schema === undefined) return;
  const { error } = validatorOf(schema).safeParse(json);
  expect(error?.issues ?? [], `${method} ${path} ${status}`).toEqual([]);
}

const validators = new Map<object, z.ZodType>();

/** Made to refuse what it does not name. */
function validatorOf(schema: object): z.ZodType {
  let validator = validators.get(schema);
  if (validator === undefined) {
    const closed = JSON.parse(
      JSON.stringify({ ...schema, $defs: document.components.schemas }).replaceAll('#/components/schemas/', '#/$defs/'),
      (_key, value: unknown) =>
        typeof value === 'object' && value !== null && 'properties' in value && 'type' in value
          ? { ...value, additionalProperties: false }
          : value,
    ) as Parameters<typeof z.fromJSONSchema>[0];
    validator = z.fromJSONSchema(closed);
    validators.set(schema, validator);
  }
  return validator;
}
