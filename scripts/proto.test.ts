import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { generate, generatedFiles, root } from './proto.ts';

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'skyflow-proto-'));
});

afterEach(() => rmSync(folder, { recursive: true, force: true }));

describe('the code of the protobuf messages', () => {
  it('is what its .proto files give', () => {
    generate(folder);
    const made = join(folder, 'proto');
    const committed = join(root, 'proto');
    expect(generatedFiles(committed)).toEqual(generatedFiles(made));
    expect(generatedFiles(made).length).toBeGreaterThanOrEqual(12);
    for (const path of generatedFiles(made)) {
      expect(readFileSync(join(committed, path), 'utf8'), `${path}: run just proto`).toBe(
        readFileSync(join(made, path), 'utf8'),
      );
    }
  });
});
