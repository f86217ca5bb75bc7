import { generateKeyPairSync } from 'node:crypto';
import { chmodSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createLocalJWKSet, decodeProtectedHeader, jwtVerify } from 'jose';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { UserError } from '#pkg/runtime/errors.ts';
import { type SignerSource, loadSigner } from './signer.ts';

let base: string;
let folder: string;

beforeEach(() => {
  base = mkdtempSync(join(tmpdir(), 'skyflow-signer-'));
  folder = join(base, 'keys', 'here');
});
afterEach(() => rmSync(base, { recursive: true, force: true }));

async function refusal(source: SignerSource): Promise<UserError> {
  const error: unknown = await loadSigner(source).catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(UserError);
  return error as UserError;
}

const pemOf = (type: 'rsa', modulusLength: number) =>
  generateKeyPairSync(type, { modulusLength }).privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();

describe('the key that signs sessions', () => {
  it('is made once, for its owner only, and found again', async () => {
    const first = await loadSigner({ folder });
    expect(statSync(folder).mode & 0o777).toBe(0o700);
    expect(statSync(join(folder, 'session-key.pem')).mode & 0o777).toBe(0o600);
    expect((await loadSigner({ folder })).kid).toBe(first.kid);
  });

  it('is the same for all who start at once, and no draft is left', async () => {
    const signers = await Promise.all(Array.from({ length: 4 }, () => loadSigner({ folder })));
    expect(new Set(signers.map((signer) => signer.kid)).size).toBe(1);
    expect(readdirSync(folder)).toEqual(['session-key.pem']);
  });

  it('signs what its public half verifies, and shows no more than that half', async () => {
    const signer = await loadSigner({ folder });
    const token = await signer.sign({ sub: 'did:plc:someone', iat: 1 });
    expect(decodeProtectedHeader(token)).toEqual({ alg: 'RS256', typ: 'at+jwt', kid: signer.kid });
    expect((await jwtVerify(token, createLocalJWKSet(signer.jwks()))).payload.sub).toBe('did:plc:someone');
    expect(signer.jwks().keys.map((key) => Object.keys(key).toSorted())).toEqual([
      ['alg', 'e', 'kid', 'kty', 'n', 'use'],
    ]);
  });

  it('can be given as PEM text', async () => {
    const privateKeyPem = pemOf('rsa', 2048);
    expect((await loadSigner({ privateKeyPem })).kid).toBe((await loadSigner({ privateKeyPem })).kid);
  });

  it('is refused when others may have read it', async () => {
    await loadSigner({ folder });
    chmodSync(join(folder, 'session-key.pem'), 0o640);
    expect((await refusal({ folder })).message).toMatch(/can be read by other users/);
  });

  it.each([
    ['short', () => pemOf('rsa', 1024)],
    [
      'of another kind',
      () =>
        generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({
          type: 'pkcs8',
          format: 'pem',
        }) as string,
    ],
    ['torn', () => pemOf('rsa', 2048).slice(0, 900)],
    ['empty', () => ''],
  ])('is refused when it is %s, and not quoted', async (_, makePem) => {
    const privateKeyPem = makePem();
    const error = await refusal({ privateKeyPem });
    expect(error.message).toMatch(/is not an RSA private key of at least 2048 bits/);
    expect(error.cause).toBeUndefined();
    const line = privateKeyPem.split('\n')[1] ?? 'nothing';
    expect(`${error.message}${error.hint}`).not.toContain(line);
    await loadSigner({ folder });
    writeFileSync(join(folder, 'session-key.pem'), privateKeyPem);
    expect((await refusal({ folder })).message).toContain(folder);
  });
});
