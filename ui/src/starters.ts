// The tabs that a newcomer finds: one a noun, in the order of the files' names.

const files = import.meta.glob<string>('./starters/*.graphql', { query: '?raw', import: 'default', eager: true });

export const starters = Object.keys(files)
  .sort()
  .map((name) => ({ query: files[name] ?? '' }));
