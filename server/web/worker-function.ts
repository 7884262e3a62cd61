import { build, type Plugin } from 'vite';

/**
 * `import work from './worker.ts?function'`: a worker's script with all that it imports, as a function of its `self`.
 *
 * A page hands the function's text to a worker, or, where no worker may start, calls it: so it has the code once. What
 * else bundles the client must leave the function by itself; a worker that fails is done without, and said.
 */
export function workerFunction(): Plugin {
  return {
    name: 'worker-function',
    async load(id) {
      const [file, query] = id.split('?');
      if (query !== 'function' || !file) return null;
      const built = await build({
        configFile: false,
        logLevel: 'warn',
        publicDir: false,
        build: {
          target: 'es2022',
          write: false,
          lib: { entry: file, formats: ['es'], fileName: 'worker' },
          minify: true,
          rolldownOptions: { output: { minify: true, comments: { annotation: false } } },
        },
      });
      const [output, ...others] = [built].flat().flatMap((one) => ('output' in one ? one.output : []));
      if (output?.type !== 'chunk' || others.length > 0 || output.imports.length > 0 || output.exports.length > 0) {
        this.error(`${file} is not one script by itself`);
      }
      for (const module of output.moduleIds) this.addWatchFile(module);
      return `export default function (self) {\n${output.code}\n}`;
    },
  };
}
