/** Some connections that take one statement at a time each: opened when needed, lent to one at a time. */
export interface ConnectionPool<Connection> {
  /** Runs `work` with a connection that nobody else has meanwhile; waits in turn when all are lent. */
  lend<T>(work: (connection: Connection) => Promise<T>): Promise<T>;
  /** Closes them all, after the last is back. Nothing can be lent any more. */
  close(): Promise<void>;
}

export const createConnectionPool = <Connection>(options: {
  readonly most: number;
  open(): Promise<Connection>;
  close(connection: Connection): Promise<void>;
  /** Asked for a connection whose work failed, before it is lent again. */
  tidy(connection: Connection): Promise<void>;
}): ConnectionPool<Connection> => {
  const free: Connection[] = [];
  const waiting: ((connection: Connection) => void)[] = [];
  let opened = 0;
  let lent = 0;
  let isClosed = false;
  let allBack: (() => void) | undefined;

  const take = async (): Promise<Connection> => {
    const idle = free.pop();
    if (idle !== undefined) return idle;
    if (opened === options.most) return new Promise((resolve) => waiting.push(resolve));
    opened += 1;
    try {
      return await options.open();
    } catch (error) {
      opened -= 1;
      throw error;
    }
  };
  const giveBack = (connection: Connection): void => {
    const next = waiting.shift();
    if (next === undefined) free.push(connection);
    else next(connection);
  };
  return {
    lend: async (work) => {
      if (isClosed) throw new Error('The store is closed');
      lent += 1;
      try {
        const connection = await take();
        try {
          return await work(connection);
        } catch (error) {
          await options.tidy(connection).catch(() => undefined);
          throw error;
        } finally {
          giveBack(connection);
        }
      } finally {
        lent -= 1;
        if (lent === 0) allBack?.();
      }
    },
    close: async () => {
      isClosed = true;
      if (lent > 0) await new Promise<void>((resolve) => (allBack = resolve));
      for (const connection of free.splice(0)) await options.close(connection);
    },
  };
};
