import type { OptionsOf } from '#pkg/runtime/options.ts';
import { runApart } from '../apart.ts';
import { createRouterPart } from '../services.ts';

/** `skyflow event-router`: the audit log and the dead letters, beside the other processes. Its one port is the internal one. */
export const eventRouter = (options: OptionsOf<'event-router'>): Promise<void> =>
  runApart(options, { migrated: ['postgres'], bus: true, redis: false }, createRouterPart);
