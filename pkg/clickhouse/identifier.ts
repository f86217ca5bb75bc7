const identifier = /^[A-Za-z_][A-Za-z0-9_]*$/;

/** The name itself, where it may stand in a statement unquoted. Throws a TypeError otherwise. */
export const checkIdentifier = (name: string): string => {
  if (!identifier.test(name)) throw new TypeError(`not a plain identifier: ${name}`);
  return name;
};
