import { UserError } from '#pkg/runtime/errors.ts';
import { serveHttp } from '#pkg/runtime/http.ts';
import type { OptionsOf } from '#pkg/runtime/options.ts';
import { loadSigner, type SignerSource } from '#pkg/session/signer.ts';
import { runApart } from '../apart.ts';
import { publicNames } from '../public-names.ts';
import { createApiPart, createRelay } from '../services.ts';

/** `skyflow core-api`: sign-in and REST, beside the other processes. */
export const coreApi = async (options: OptionsOf<'core-api'>): Promise<void> => {
  const source = signerSource(options);
  await runApart(options, { migrated: ['postgres'], bus: true }, async (context) => {
    const names = publicNames(options, options.port);
    const relay = await createRelay(context);
    const part = await createApiPart({ ...options, ...names }, { signer: await loadSigner(source), relay }, context);
    const { host, port } = options;
    return [relay, serveHttp({ name: 'core-api', host, port, app: part.app, portFlag: '--port' })];
  });
};

const signerSource = ({ sessionKey, sessionKeyFolder }: OptionsOf<'core-api'>): SignerSource => {
  if (sessionKey !== undefined) return { privateKeyPem: sessionKey };
  if (sessionKeyFolder !== undefined) return { folder: sessionKeyFolder };
  throw new UserError('skyflow core-api has no key to sign sessions with.', {
    hint: 'Give --session-key-folder DIR (a key is made there), or set SKYFLOW_SESSION_KEY to one that several share.',
  });
};
