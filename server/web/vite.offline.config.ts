import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { defineConfig } from 'vite';
import type { PageBuild } from './src/offline/page-build.ts';

const DIST = 'dist';
const WORKER = 'offline.js';

/** The address at which the server hands out a file of `dist`; see server/pages.py. */
function addressOf(file: string): string {
  if (file === 'index.html') return '/';
  return `/${file.replace(/\.html$/, '')}`;
}

/** What was built before: the pages with their assets, and the client. */
function pageBuild(): PageBuild {
  const names = readdirSync(DIST, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(DIST.length + 1))
    .filter((name) => name !== WORKER && !/\.(map|d\.ts)$/.test(name))
    .sort();
  const files = Object.fromEntries(
    names.map((name) => [
      addressOf(name),
      `sha256-${createHash('sha256')
        .update(readFileSync(join(DIST, name)))
        .digest('base64')}`,
    ]),
  );
  return { digest: createHash('sha256').update(JSON.stringify(files)).digest('hex').slice(0, 16), files };
}

/** The service worker, last: it knows the files of the other builds. A classic script, which every browser takes. */
export default defineConfig({
  publicDir: false,
  define: { BUILD: JSON.stringify(pageBuild()) },
  build: {
    target: 'es2022',
    emptyOutDir: false,
    lib: { entry: 'src/offline/worker.ts', formats: ['iife'], name: 'offline', fileName: () => WORKER },
  },
});
