import { defineConfig } from 'vitest/config';
import { workerFunction } from './worker-function.ts';

/** The pages: the viewer at `/` and the trainer at `/train`. The server hands out `dist` as it is. */
export default defineConfig({
  plugins: [workerFunction()],
  build: {
    target: 'es2022',
    // Nothing inlined as data: the pages are to run under a strict Content-Security-Policy.
    assetsInlineLimit: 0,
    rollupOptions: { input: ['index.html', 'train.html'] },
    // tfjs is one chunk of 1.5 MB that only the trainer loads; splitting it further would gain nothing.
    chunkSizeWarningLimit: 2000,
  },
  test: { include: ['src/**/*.test.ts'], environment: 'node' },
});
