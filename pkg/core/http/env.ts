import type { RestEnv } from '#pkg/rest/env.ts';
import type { Session } from '#pkg/session/session.ts';
import type { User } from '../store/users.ts';

/** What travels with a request. */
export interface CoreEnv extends RestEnv {
  Variables: RestEnv['Variables'] & {
    /** Set by `authenticate`. */
    session: Session;
    /** Set by `requireTier`. */
    user: User;
  };
}
