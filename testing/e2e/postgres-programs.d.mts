/** The newest PostgreSQL on this machine: absolute paths of its programs. */
export function findPostgres(): { initdb: string; postgres: string } | undefined;
