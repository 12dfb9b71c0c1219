// Who this page acts as: one token, kept as long as the browser's tab lives, and never in what outlives it.

const KEY = 'docket:token';

const listeners = new Set<() => void>();

/** The token, or nothing for an anonymous caller. */
export function currentToken(): string {
  return sessionStorage.getItem(KEY) ?? '';
}

/** Acts as somebody else from now on. What people copy may begin with `Bearer`. */
export function setToken(pasted: string): void {
  const token = pasted.trim().replace(/^bearer\s+/i, '');
  if (token === currentToken()) return;
  if (token) sessionStorage.setItem(KEY, token);
  else sessionStorage.removeItem(KEY);
  for (const listener of listeners) listener();
}

/** Calls `listener` after each change, until the function that it returns is called. */
export function onToken(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/** As a header of HTTP, and in the same words in a socket's `connection_init`. */
export function credential(): Record<string, string> {
  const token = currentToken();
  return token ? { Authorization: `Bearer ${token}` } : {};
}
