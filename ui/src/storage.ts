// What the playground remembers in this browser: tabs, history, widths. It outlives the visit, so no secret goes in.

import type { Storage } from '@graphiql/toolkit';

// The text of a field whose name ends in `password` or `token`, in a document or in JSON, and also when either is a
// string inside JSON: then a backslash stands before each quote.
const SECRET = /((?:password|token)(?:\\*")?\s*:\s*)(\\*)"(.*?)(?<!\\)\2"/gi;

export function withoutSecrets(text: string): string {
  return text.replace(SECRET, '$1$2"$2"');
}

/** The browser's own storage, less the secrets. */
export const storage: Storage = {
  get length() {
    return localStorage.length;
  },
  getItem: (key) => localStorage.getItem(key),
  setItem: (key, value) => localStorage.setItem(key, withoutSecrets(value)),
  removeItem: (key) => localStorage.removeItem(key),
  clear: () => localStorage.clear(),
};

/** Forgets the tabs, so that the next load opens those of a newcomer. */
export function forgetTabs(): void {
  localStorage.removeItem('graphiql:tabState');
}
