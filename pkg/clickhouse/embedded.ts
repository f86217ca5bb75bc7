import { mkdirSync, writeFileSync } from 'node:fs';
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
