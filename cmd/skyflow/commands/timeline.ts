import type { OptionsOf } from '#pkg/runtime/options.ts';
import { runApart } from '../apart.ts';
import { createLensPart, createTimelinePart } from '../services.ts';

/** `skyflow timeline`: the lenses, beside the other processes. Its one port is the internal one. */
export const timeline = (options: OptionsOf<'timeline'>): Promise<void> =>
  runApart(options, { migrated: ['clickhouse', 'postgres'], bus: true }, async (context) =>
    createTimelinePart(await createLensPart(context), context),
  );
