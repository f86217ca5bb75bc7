import { parse } from 'yaml';
import { z } from 'zod';
import { read } from './files.ts';

const text = z.string();
const mount = text.regex(/^[^:]+:\/[^:]*(?::ro)?$/);

const serviceSchema = z.object({
  image: text,
  build: text.optional(),
  command: z.array(text).optional(),
  environment: z.record(text, text).default({}),
  ports: z.array(text).default([]),
  volumes: z.array(mount).default([]),
  networks: z.array(text),
  restart: text,
  user: text.optional(),
  read_only: z.boolean().default(false),
  cap_drop: z.array(text).default([]),
  security_opt: z.array(text),
  mem_limit: text.regex(/^(?:\d+[mg]|\$\{[A-Z_]+:-\d+[mg]\})$/),
  depends_on: z.record(text, z.object({ condition: text })).default({}),
  healthcheck: z.union([z.object({ disable: z.literal(true) }), z.object({ test: z.array(text).min(2) })]).optional(),
});

/** The text of docker-compose.yml. */
export const source = read('docker-compose.yml');
/** docker-compose.yml, read. */
export const compose = z
  .object({
    services: z.record(text, serviceSchema),
    networks: z.record(text, z.object({ internal: z.boolean().optional() })),
    volumes: z.record(text, z.null()),
  })
  .parse(parse(source, { merge: true }));

/** Every service by its name. */
export const services = Object.entries(compose.services);
/** Those that are built from this repository. */
export const ours = services.filter(([, service]) => service.build !== undefined);
/** One service. */
export const service = (name: string) => {
  const found = compose.services[name];
  if (found === undefined) throw new Error(`docker-compose.yml has no service ${name}`);
  return found;
};

/** The ports of all services when run apart, those to come included. */
export const servicePorts: Readonly<Record<string, number>> = {
  'core-api': 8000,
  timeline: 8001,
  gamification: 8002,
  'realtime-gateway': 8003,
  search: 8092,
  feedgen: 8094,
};
/** Their internal ports. */
export const metricsPorts: Readonly<Record<string, number>> = {
  indexer: 8091,
  'core-api': 8010,
  timeline: 8001,
  gamification: 8012,
  'realtime-gateway': 8013,
  'event-router': 8014,
  feedgen: 8095,
};
/** The ports of the stores. */
export const storePorts: Readonly<Record<string, number>> = {
  clickhouse: 8123,
  postgres: 5432,
  redis: 6379,
  nats: 4222,
};
