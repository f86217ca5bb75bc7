/** What this server is called. */
export interface PublicNames {
  /** Where people reach it, without a slash at the end. */
  readonly publicUrl: string;
  /** What tokens made elsewhere for this server name as their audience. */
  readonly serviceDid: string;
}

/** As the options say; else this machine at its port, and the did:web of the URL. */
export const publicNames = (
  given: { readonly publicUrl?: string | undefined; readonly serviceDid?: string | undefined },
  port: number,
): PublicNames => {
  const publicUrl = (given.publicUrl ?? `http://localhost:${port}`).replace(/\/+$/, '');
  return { publicUrl, serviceDid: given.serviceDid ?? `did:web:${encodeURIComponent(new URL(publicUrl).host)}` };
};
