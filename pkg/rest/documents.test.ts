import { expect, test } from 'vitest';
import { type ApiDocument, mergeDocuments } from './documents.ts';

const first: ApiDocument = {
  openapi: '3.1.0',
  info: { title: 'one' },
  tags: [{ name: 'A' }],
  paths: { '/a': { get: {} } },
  components: { schemas: { Problem: { type: 'object' } }, securitySchemes: { session: {} } },
  security: [{ session: [] }],
};

test('paths, tags and components of both; the rest is the first one’s', () => {
  const second: ApiDocument = {
    openapi: '3.1.0',
    info: { title: 'two' },
    tags: [{ name: 'A' }, { name: 'B' }],
    paths: { '/b': { parameters: [], get: {}, put: { security: [] } } },
    components: { schemas: { Problem: { type: 'object' }, More: {} }, responses: { x: {} } },
    security: [{ key: [] }],
  };
  const before = structuredClone([first, second]);
  expect(mergeDocuments(first, second)).toEqual({
    openapi: '3.1.0',
    info: { title: 'one' },
    tags: [{ name: 'A' }, { name: 'B' }],
    // What the second asked of everybody is asked of its own only.
    paths: { '/a': { get: {} }, '/b': { parameters: [], get: { security: [{ key: [] }] }, put: { security: [] } } },
    components: {
      schemas: { Problem: { type: 'object' }, More: {} },
      securitySchemes: { session: {} },
      responses: { x: {} },
    },
    security: [{ session: [] }],
  });
  expect([first, second]).toEqual(before);
});

test('two things of one name are a mistake, not a choice', () => {
  const info = { openapi: '3.1.0', info: {} };
  expect(() => mergeDocuments(first, { ...info, paths: { '/a': {} } })).toThrow('/a');
  expect(() => mergeDocuments(first, { ...info, components: { schemas: { Problem: { type: 'string' } } } })).toThrow(
    'Problem',
  );
  expect(mergeDocuments(first, info)).toEqual(first);
});
