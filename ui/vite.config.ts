// Builds the playground for build.rs, which embeds what comes out: `node node_modules/vite/bin/vite.js build --outDir DIR`.

import { readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { constants, gzipSync } from 'node:zlib';
import { defineConfig, type Plugin } from 'vite';

/** Replaces each file by its compressed form: the server sends that as it is, and unpacks it for the few who ask. */
function compressed(): Plugin {
  let folder = '';
  return {
    name: 'docket-compressed',
    configResolved: (config) => {
      folder = config.build.outDir;
    },
    closeBundle: async () => {
      for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
        if (!entry.isFile()) continue;
        const path = join(entry.parentPath, entry.name);
        await writeFile(`${path}.gz`, gzipSync(await readFile(path), { level: constants.Z_BEST_COMPRESSION }));
        await rm(path);
      }
    },
  };
}

export default defineConfig({
  base: './',
  experimental: {
    // The page stands at /graphiql and its assets below it, whatever stands before that: a proxy may add a prefix.
    renderBuiltUrl: (filename, { hostType }) => (hostType === 'html' ? `./graphiql/${filename}` : { relative: true }),
  },
  plugins: [compressed()],
  worker: { format: 'es' },
  build: {
    target: 'es2022',
    emptyOutDir: true,
    // Every file by its own address: the policy of the page need not allow `data:` for more than fonts.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    // The editor is that large, and compressed it is not.
    chunkSizeWarningLimit: 8000,
    reportCompressedSize: false,
    rolldownOptions: {
      // Marks for servers that render pages, in which bundles have no interest.
      onwarn: (warning, warn) => warning.code === 'MODULE_LEVEL_DIRECTIVE' || warn(warning),
    },
  },
});
