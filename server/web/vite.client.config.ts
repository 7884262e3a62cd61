import { defineConfig } from 'vite';

/** The client as one file under a name that stays: `import { openDataset } from '/client.js'`. */
export default defineConfig({
  publicDir: false,
  build: {
    target: 'es2022',
    // The pages were built first and share the folder.
    emptyOutDir: false,
    lib: { entry: 'src/client/client.ts', formats: ['es'], fileName: () => 'client.js' },
    rollupOptions: { external: ['@tensorflow/tfjs'] },
  },
});
