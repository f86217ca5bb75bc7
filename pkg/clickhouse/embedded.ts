import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { open, rm } from 'node:fs/promises';
import { resolve } from 'node:path';
import { Session } from 'chdb';

/**
 * The embedded engine's own configuration. ClickHouse's defaults suit a server of its own (caches of gigabytes each);
 * here it shares a process and a small machine with everything else.
 */
const engineConfig = (memoryBytes: number): string => `<clickhouse>
  <max_server_memory_usage>${memoryBytes}</max_server_memory_usage>
  <mark_cache_size>67108864</mark_cache_size>
  <primary_index_cache_size>67108864</primary_index_cache_size>
  <index_mark_cache_size>16777216</index_mark_cache_size>
  <index_uncompressed_cache_size>0</index_uncompressed_cache_size>
  <uncompressed_cache_size>0</uncompressed_cache_size>
  <mmap_cache_size>64</mmap_cache_size>
  <background_pool_size>2</background_pool_size>
  <background_merges_mutations_concurrency_ratio>2</background_merges_mutations_concurrency_ratio>
  <background_schedule_pool_size>4</background_schedule_pool_size>
  <merge_tree>
    <number_of_free_entries_in_pool_to_execute_mutation>2</number_of_free_entries_in_pool_to_execute_mutation>
    <number_of_free_entries_in_pool_to_lower_max_size_of_merge>2</number_of_free_entries_in_pool_to_lower_max_size_of_merge>
    <number_of_free_entries_in_pool_to_execute_optimize_entire_partition>2</number_of_free_entries_in_pool_to_execute_optimize_entire_partition>
  </merge_tree>
</clickhouse>
`;

const defaultMemoryBytes = 1_000_000_000;

/**
 * Starts the engine of this process over the folder `path` and keeps it open until released. chDB has one engine a
 * process, configured by whoever opens it first: connections to the same folder opened later share it.
 */
export const holdEngine = (path: string, memoryBytes = defaultMemoryBytes): { release(): void } => {
  mkdirSync(path, { recursive: true, mode: 0o700 });
  const configPath = `${path.replace(/\/+$/, '')}.xml`;
  writeFileSync(configPath, engineConfig(memoryBytes), { mode: 0o600 });
  const session = new Session(path, { connectionArgs: [`--config-file=${configPath}`] });
  return { release: () => session.close() };
};

/** Hands bytes to the engine through short-lived files beside its folder. */
export interface SpillFolder {
  /** Writes `parts` to a file, runs `use` with its path, and removes it whatever happens. */
  write(parts: readonly Buffer[], use: (path: string) => Promise<void>): Promise<void>;
}

/** The files live for a fraction of a second, so they seldom reach the disk; those a crash left behind are removed. */
export const spillFolder = (enginePath: string): SpillFolder => {
  const folder = `${resolve(enginePath)}.spill`;
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  let next = 0;
  return {
    write: async (parts, use) => {
      const path = `${folder}/${next++}.rows`;
      try {
        const file = await open(path, 'wx', 0o600);
        try {
          await file.writev([...parts]);
        } finally {
          await file.close();
        }
        // The path goes into SQL as a literal.
        await use(path.replace(/[\\']/g, '\\$&'));
      } finally {
        await rm(path, { force: true });
      }
    },
  };
};
