import { gzipSync } from 'node:zlib';
import { defineConfig, type Plugin } from 'vite';
import { workerFunction } from './worker-function.ts';

/** What an entry may weigh gzipped, in bytes, with all that it loads: 20 KB of 1,024 bytes. tfjs is the page's own. */
const BUDGETS: Record<string, number> = { client: 20 * 1024 };

/** Prints what a page that imports an entry downloads, and ends the build when that is more than its budget. */
function weighed(entry: string, budget = Number.POSITIVE_INFINITY): Plugin {
  return {
    name: 'weighed',
    generateBundle(_options, bundle) {
      const loaded = new Set<string>();
      const load = (name: string): void => {
        const file = bundle[name];
        if (loaded.has(name) || !file) return;
        loaded.add(name);
        if (file.type !== 'chunk') return;
        for (const next of [...file.imports, ...file.dynamicImports]) load(next);
      };
      load(entry);
      if (loaded.size === 0) this.error(`${entry} is not among what was built: ${Object.keys(bundle).join(', ')}`);
      // A file that no chunk imports (a worker's) is fetched by its address: all of them count.
      for (const file of Object.values(bundle)) if (file.type === 'asset') loaded.add(file.fileName);
      const bytes = [...loaded].reduce((sum, name) => {
        const file = bundle[name];
        return sum + gzipSync(file?.type === 'chunk' ? file.code : (file?.source ?? '')).byteLength;
      }, 0);
      const said = `${entry} and what it loads: ${bytes} bytes gzipped`;
      if (bytes > budget) {
        this.error(`${said}, of at most ${budget}. Leave something out, or move it to an entry of its own.`);
      }
      this.info(said);
    },
  };
}

/**
 * The client and what goes with it, each as one file under a name that stays: `import { openDataset } from '/client.js'`.
 * Which one is built is the mode's name: `--mode augment` makes augment.js; without a mode it is client.js.
 */
export default defineConfig(({ mode }) => ({
  publicDir: false,
  build: {
    target: 'es2022',
    // The pages were built first and share the folder.
    emptyOutDir: false,
    lib: { entry: `src/client/${entryOf(mode)}.ts`, formats: ['es'], fileName: () => `${entryOf(mode)}.js` },
    rolldownOptions: {
      external: ['@tensorflow/tfjs'],
      // A library's build keeps its white space and its hints, for bundlers to come; this one goes straight to browsers.
      output: { minify: true, comments: { annotation: false } },
    },
  },
  worker: { rolldownOptions: { output: { comments: { annotation: false } } } },
  plugins: [workerFunction(), weighed(`${entryOf(mode)}.js`, BUDGETS[entryOf(mode)])],
}));

function entryOf(mode: string): string {
  return mode === 'production' ? 'client' : mode;
}
