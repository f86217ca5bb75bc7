import type { HttpBindings } from '@hono/node-server';
import type { Session } from '#pkg/session/session.ts';
import type { User } from '../store/users.ts';

/** What travels with a request. */
export interface CoreEnv {
  /** Absent where a request is handed over without a socket, as tests do. */
  Bindings: Partial<HttpBindings>;
  Variables: {
    /** UUID, lower case. The correlation id of everything the request causes. */
    requestId: string;
    /** Set by `authenticate`. */
    session: Session;
    /** Set by `requireTier`. */
    user: User;
  };
}
