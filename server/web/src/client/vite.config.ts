import { defineConfig } from 'vite';
import { workerFunction } from '../../worker-function.ts';

/** The npm package: one module an entry, with what they share in modules beside them, for bundlers and for Node. */
export default defineConfig({
  publicDir: false,
  plugins: [workerFunction()],
  build: {
    target: 'es2022',
    lib: { entry: ['client.ts', 'augment.ts', 'preprocess.ts', 'records.ts'], formats: ['es'] },
    rolldownOptions: { external: ['@tensorflow/tfjs'] },
  },
});
