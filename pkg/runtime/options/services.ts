import { NAMING, PUBLISHING } from '#pkg/runtime/options/feeds.ts';
import { flag, option, optional } from '#pkg/runtime/options/option.ts';
import { integer, pem, serviceDid, text, url } from '#pkg/runtime/options/values.ts';

const API = ['up', 'core-api', 'feedgen'] as const;
const ANSWERING = [...API, 'gamification'] as const;

/** Options of the API, of sign-in and of sessions. */
export const SERVICE_OPTIONS = {
  'public-url': optional({
    env: 'SKYFLOW_PUBLIC_URL',
    arg: '<url>',
    parse: url(['http', 'https']),
    defaultText: 'http://localhost with the port',
    help: 'where people reach this server',
    commands: [...ANSWERING, ...PUBLISHING, 'feeds why-empty'],
  }),
  'service-did': optional({
    env: 'SKYFLOW_SERVICE_DID',
    arg: '<did>',
    parse: serviceDid,
    defaultText: 'did:web of the public URL',
    help: 'the DID that tokens for this server must name as their audience',
    commands: [...API, ...PUBLISHING, 'feeds why-empty'],
  }),
  'plc-url': option({
    env: 'SKYFLOW_PLC_URL',
    arg: '<url>',
    default: 'https://plc.directory',
    parse: url(['http', 'https']),
    help: 'directory of did:plc identities',
    commands: [...API, 'analyze', ...NAMING],
  }),
  'allow-private-hosts': flag({
    env: 'SKYFLOW_ALLOW_PRIVATE_HOSTS',
    help: 'let sign-in reach identities and PDS hosts on private addresses: for a test network, never on a public server',
    commands: [...API, ...PUBLISHING],
  }),
  'trusted-proxies': option({
    env: 'SKYFLOW_TRUSTED_PROXIES',
    arg: '<n>',
    default: '0',
    parse: integer(0, 9),
    help: 'how many proxies of yours stand in front; so many of the last addresses in X-Forwarded-For are believed',
    commands: ANSWERING,
  }),
  'session-key-folder': optional({
    env: 'SKYFLOW_SESSION_KEY_FOLDER',
    arg: '<dir>',
    parse: text,
    help: 'folder of the key that signs sessions; made with the folder when there is none',
    commands: ['core-api'],
  }),
  'session-key': optional({
    env: 'SKYFLOW_SESSION_KEY',
    arg: '<pem>',
    parse: pem,
    defaultText: 'the one in the folder',
    help: 'RSA private key that signs sessions, as PEM; line breaks may be written as \\n',
    commands: ['core-api'],
    environmentOnly: true,
  }),
  'jwks-url': option({
    env: 'SKYFLOW_JWKS_URL',
    arg: '<url>',
    default: 'http://127.0.0.1:8000/.well-known/jwks.json',
    parse: url(['http', 'https']),
    help: 'where core-api publishes the public keys of sessions',
    commands: ['gamification', 'realtime-gateway', 'feedgen'],
  }),
};
