import type { HttpBindings } from '@hono/node-server';
import type { Context } from 'hono';

/** What travels with every request of an API of ours; each API adds its own. */
export interface RestEnv {
  /** Absent where a request is handed over without a socket, as tests do. */
  Bindings: Partial<HttpBindings>;
  Variables: {
    /** UUID, lower case. The correlation id of everything the request causes. */
    requestId: string;
  };
}

/** What is common to the contexts of all APIs: one that can be written to fits its own API only. */
export type RestContext = Pick<Context<RestEnv>, 'req' | 'env' | 'var' | 'json' | 'header'>;
