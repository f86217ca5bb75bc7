const HIDDEN = '***';

/**
 * Everything between `scheme://` and the last `@` that belongs to the same URL. A well-formed user part holds no `/`, but
 * people do paste passwords unescaped, so once a `user:` was seen any character but a space or quote may follow.
 * `host:8080/path@x` is no user part: there the colon is followed by digits and a slash.
 */
const USER_INFO = /(?<=:\/\/)(?:[^\s/?#@":]*:(?!\d+[/?#])(?:(?!:\/\/)[^\s"])*|[^\s/?#":]*)@/g;

/** Query parameters that carry a secret. */
const SECRET_PARAMETER =
  /(?<=[?&](?:password|passwd|pass|pwd|token|ticket|secret|api_?key|key|auth|authorization|access_token|refresh_token|sslpassword)=)[^&\s"#]+/gi;

/** Hides what looks like a credential in any URL inside `text`: the user part, and query parameters such as `password`. */
export function redactUrl(text: string): string {
  return text.replace(USER_INFO, `${HIDDEN}@`).replace(SECRET_PARAMETER, HIDDEN);
}
