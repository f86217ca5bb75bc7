import type { Redis } from 'ioredis';

/** Who is connected: the members of `connections:{user_id}` are `<instance>:<connection id>`. */
export const presenceKey = (userId: string): string => `connections:${userId}`;
const instanceKey = (instance: string): string => `realtime:instance:${instance}`;

const PRESENCE_TTL_S = 3_600;
const INSTANCE_TTL_S = 60;
/** How often an instance must call `alive`, a third of what its sign of life lasts. */
export const ALIVE_MS = 20_000;
const CHUNK = 500;
/** Members that could not be removed while Redis was away; beyond this they are left to expire. */
const MAX_LEFT_OVER = 50_000;

/** Counts and adds in one step, so that two requests at once cannot both be the last one allowed. */
const JOIN = `
if redis.call('SCARD', KEYS[1]) >= tonumber(ARGV[2]) then return 0 end
redis.call('SADD', KEYS[1], ARGV[1])
redis.call('EXPIRE', KEYS[1], ARGV[3])
return 1
`;

/** A connection as presence knows it. */
export interface Present {
  readonly id: string;
  readonly userId: string;
}

/** The open connections of all instances, by user, in Redis. */
export class Presence {
  readonly #redis: Redis;
  readonly #instance: string;
  /** Member to user. */
  readonly #leftOver = new Map<string, string>();
  #removing: Promise<void> | undefined;

  constructor(redis: Redis, instance: string) {
    this.#redis = redis;
    this.#instance = instance;
  }

  /** Says that this instance lives. One that stops saying so loses its members as soon as their places are wanted. */
  async alive(): Promise<void> {
    await this.#redis.set(instanceKey(this.#instance), '1', 'EX', INSTANCE_TTL_S);
  }

  /** Adds a connection unless the user has `cap` already. Rejects while Redis is away. */
  async join(connection: Present, cap: number): Promise<boolean> {
    if (await this.#add(connection, cap)) return true;
    // An instance that was killed never took its members out.
    return (await this.#removeDead(connection.userId)) > 0 && this.#add(connection, cap);
  }

  /** Takes connections out. Never rejects: what cannot be removed now is removed at the next `refresh`. */
  async leave(connections: readonly Present[]): Promise<void> {
    for (const connection of connections) {
      if (this.#leftOver.size < MAX_LEFT_OVER) this.#leftOver.set(this.#member(connection), connection.userId);
    }
    await this.#removeLeftOver().catch(() => undefined);
  }

  /** Writes all again, with a new expiry: also after Redis lost them. */
  async refresh(connections: readonly Present[]): Promise<void> {
    await this.#removeLeftOver();
    for (let from = 0; from < connections.length; from += CHUNK) {
      const pipeline = this.#redis.pipeline();
      for (const connection of connections.slice(from, from + CHUNK)) {
        const key = presenceKey(connection.userId);
        pipeline.sadd(key, this.#member(connection)).expire(key, PRESENCE_TTL_S);
      }
      await run(pipeline);
    }
  }

  #member({ id }: Present): string {
    return `${this.#instance}:${id}`;
  }

  async #add(connection: Present, cap: number): Promise<boolean> {
    const key = presenceKey(connection.userId);
    return (await this.#redis.eval(JOIN, 1, key, this.#member(connection), cap, PRESENCE_TTL_S)) === 1;
  }

  async #removeDead(userId: string): Promise<number> {
    const members = await this.#redis.smembers(presenceKey(userId));
    const others = new Set(members.map((member) => member.split(':')[0] ?? ''));
    others.delete(this.#instance);
    const dead: string[] = [];
    for (const other of others) {
      if ((await this.#redis.exists(instanceKey(other))) === 1) continue;
      dead.push(...members.filter((member) => member.startsWith(`${other}:`)));
    }
    return dead.length === 0 ? 0 : this.#redis.srem(presenceKey(userId), ...dead);
  }

  /** One at a time, in portions: thousands leave at once. */
  #removeLeftOver(): Promise<void> {
    this.#removing ??= this.#removeInPortions().finally(() => {
      this.#removing = undefined;
    });
    return this.#removing;
  }

  async #removeInPortions(): Promise<void> {
    while (this.#leftOver.size > 0) {
      const some = [...this.#leftOver.entries().take(CHUNK)];
      const pipeline = this.#redis.pipeline();
      for (const [member, userId] of some) pipeline.srem(presenceKey(userId), member);
      await run(pipeline);
      for (const [member] of some) this.#leftOver.delete(member);
    }
  }
}

/** A pipeline whose failed commands are a failure. */
async function run(pipeline: ReturnType<Redis['pipeline']>): Promise<void> {
  for (const [error] of (await pipeline.exec()) ?? []) if (error !== null) throw error;
}
