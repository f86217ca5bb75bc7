import { BlobRef } from '@atproto/api';
import { isDeepStrictEqual } from 'node:util';
import type { GeneratorRecord } from './record.ts';

/** Fields in the order in which people look for them; others follow by name. */
const order = [
  'did',
  'displayName',
  'description',
  'avatar',
  'acceptsInteractions',
  'contentMode',
  'labels',
  'createdAt',
];

/**
 * What is different between two records, as lines: `- field: value` for what goes and `+ field: value` for what comes. Empty
 * where nothing is. Values of text are JSON strings, so that nothing hides in them.
 */
export const diffRecord = (old: GeneratorRecord | undefined, next: GeneratorRecord | undefined): string[] => {
  const fields = [...new Set([...Object.keys(old ?? {}), ...Object.keys(next ?? {})])].filter((f) => f !== '$type');
  const place = (field: string): number => (order.includes(field) ? order.indexOf(field) : order.length);
  return fields
    .toSorted((a, b) => place(a) - place(b) || a.localeCompare(b))
    .flatMap((field) => {
      const [before, after] = [comparable(old?.[field]), comparable(next?.[field])];
      if (isDeepStrictEqual(before, after)) return [];
      return [
        ...(before === undefined ? [] : [`- ${field}: ${shown(before)}`]),
        ...(after === undefined ? [] : [`+ ${field}: ${shown(after)}`]),
      ];
    });
};

/** A blob read from a repository and one that was just made are the same if their bytes are. */
interface Picture {
  readonly picture: string;
  readonly mimeType: string;
  readonly size: number;
}

const comparable = (value: unknown): unknown => {
  if (value instanceof BlobRef) {
    return { picture: value.ref.toString(), mimeType: value.mimeType, size: value.size } satisfies Picture;
  }
  return value;
};

const shown = (value: unknown): string => {
  if (isPicture(value)) return `${value.mimeType}, ${value.size.toLocaleString('en-US')} bytes (${value.picture})`;
  const labels = labelValues(value);
  return labels === undefined ? JSON.stringify(value) : labels.join(', ');
};

const isPicture = (value: unknown): value is Picture =>
  typeof value === 'object' && value !== null && 'picture' in value && 'size' in value;

const labelValues = (value: unknown): string[] | undefined => {
  if (typeof value !== 'object' || value === null || !('values' in value) || !Array.isArray(value.values)) {
    return undefined;
  }
  return value.values.map((one: { val?: unknown }) => JSON.stringify(one.val));
};
