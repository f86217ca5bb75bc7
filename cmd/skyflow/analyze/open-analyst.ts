import type { ClickHouse } from '#pkg/clickhouse/client.ts';
import { classifyFailure } from '#pkg/clickhouse/errors.ts';
import type { Lenses } from '#pkg/analysis/lenses.ts';
import { createDirectory, isIdentityProblem } from '#pkg/identity/directory.ts';
import { systemClock } from '#pkg/runtime/clock.ts';
import { UserError } from '#pkg/runtime/errors.ts';
import { createAnalyst } from './analyst.ts';

export interface AnalystOptions {
  readonly store: ClickHouse;
  readonly lenses: Pick<Lenses, 'answer'>;
  /** Undefined: handles are looked up in the index only, as in an invented network. */
  readonly plcUrl: string | undefined;
}

/** The analyst over a store that is open, with the network's own directory behind the index. */
export const openAnalyst = ({ store, lenses, plcUrl }: AnalystOptions): ReturnType<typeof createAnalyst> => {
  const directory = plcUrl === undefined ? undefined : createDirectory({ clock: systemClock, plcUrl });
  const analyst = createAnalyst({
    store,
    answer: (question, options) => lenses.answer(question, options),
    resolve: async (handle) => {
      if (directory === undefined) return 'no_network';
      const found = await directory.resolve(handle);
      if (!isIdentityProblem(found)) return found;
      return found.problem === 'unavailable' ? 'unreachable' : 'unknown';
    },
  });
  return async (request, signal) => {
    try {
      return await analyst(request, signal);
    } catch (cause) {
      if (classifyFailure(cause) !== 'schema') throw cause;
      throw new UserError('This ClickHouse does not have the tables of this Skyflow.', {
        hint: 'Run `skyflow migrate up`, or start it with `npm start`.',
        cause,
      });
    }
  };
};
