import { writeFile } from 'node:fs/promises';
import { relative } from 'node:path';
import { createMigration } from '#pkg/migrate/migration-files.ts';
import { migrateDown, migrateUp, schemaVersion } from '#pkg/migrate/runner.ts';
import { UserError } from '#pkg/runtime/errors.ts';
import type { OptionsOf } from '#pkg/runtime/options.ts';
import { Stores } from '../compose.ts';
import { dumpers } from '../dump-schema.ts';
import { type MigratedStore, migratedStores, migrationsDir, planFor } from '../migrations.ts';
import { openScreen, type Screen } from '../screen.ts';
import { untilStopped } from '../until-stopped.ts';

type MigrateOptions = OptionsOf<'migrate up' | 'migrate down' | 'migrate version'>;

const say = (line: string): void => void process.stdout.write(`${line}\n`);

const chosen = (store: MigratedStore | 'all'): readonly MigratedStore[] => (store === 'all' ? migratedStores : [store]);

const label = ({ version, name }: { version: number; name: string }): string =>
  `${String(version).padStart(4, '0')}_${name}`;

/** Opens what is asked for, and closes it whatever happens. */
const withStores = (
  options: MigrateOptions,
  work: (store: MigratedStore, stores: Stores, screen: Screen) => Promise<void>,
): Promise<void> =>
  untilStopped(async (signal) => {
    using screen = openScreen(options);
    await using stores = new Stores(options, { log: screen.log, signal });
    for (const store of chosen(options.store)) await work(store, stores, screen);
  });

/** `skyflow migrate up`. */
export const up = (options: OptionsOf<'migrate up'>): Promise<void> =>
  withStores(options, async (name, stores, { log }) => {
    const applied = await migrateUp(await planFor(name, stores, log));
    say(applied.length === 0 ? `${name}: up to date` : `${name}: applied ${applied.map(label).join(', ')}`);
  });

/** `skyflow migrate down`. */
export const down = (options: OptionsOf<'migrate down'>): Promise<void> =>
  withStores(options, async (name, stores, { log }) => {
    const undone = await migrateDown({ ...(await planFor(name, stores, log)), steps: options.steps });
    say(undone.length === 0 ? `${name}: there is nothing to undo` : `${name}: undid ${undone.map(label).join(', ')}`);
  });

/** `skyflow migrate version`. */
export const version = (options: OptionsOf<'migrate version'>): Promise<void> =>
  withStores(options, async (name, stores, { log }) => {
    const { current, latest, pending } = await schemaVersion(await planFor(name, stores, log));
    const rest = pending.length === 0 ? 'up to date' : `pending: ${pending.join(', ')}`;
    say(`${name}: ${current} of ${latest}, ${rest}`);
  });

/** `skyflow migrate create NAME`. */
export const create = async (options: OptionsOf<'migrate create'>, name: string): Promise<void> => {
  if (options.store === 'all') {
    throw new UserError('A migration belongs to one store.', { hint: 'Give --store clickhouse or --store postgres.' });
  }
  const files = await createMigration(migrationsDir(options.store), name);
  say(relative(process.cwd(), files.up));
  say(relative(process.cwd(), files.down));
};

/** `skyflow migrate dump-schema`: of fresh stores, so it needs no data folder. */
export const dump = async (options: OptionsOf<'migrate dump-schema'>): Promise<void> => {
  using screen = openScreen(options);
  for (const name of chosen(options.store)) {
    const file = `${migrationsDir(name)}schema.sql`;
    await writeFile(file, await dumpers[name](screen.log));
    say(relative(process.cwd(), file));
  }
};
