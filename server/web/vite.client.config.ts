import { defineConfig } from 'vite';

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
    rollupOptions: { external: ['@tensorflow/tfjs'] },
  },
}));

function entryOf(mode: string): string {
  return mode === 'production' ? 'client' : mode;
}
