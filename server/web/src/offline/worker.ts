/**
 * The service worker of our pages: keeps them and the client, so that they open without the server.
 *
 * Shards never come through here, nor anything else of `/v1`: they lie in IndexedDB, verified. What is kept is one whole
 * build, each file held to its digest; another build is another worker, which the browser looks for at every visit.
 */
import type { PageBuild } from './page-build.ts';

/** Put in by the build. */
declare const BUILD: PageBuild;
// Once: what stands for the name in the source is the whole list.
const build = BUILD;

/** What the worker's global object has; TypeScript knows it only in place of a page's. */
interface WorkerScope {
  skipWaiting(): Promise<void>;
  clients: { claim(): Promise<void> };
  addEventListener(type: 'install' | 'activate', listener: (event: LifecycleEvent) => void): void;
  addEventListener(type: 'fetch', listener: (event: FetchEvent) => void): void;
}
interface LifecycleEvent extends Event {
  waitUntil(work: Promise<unknown>): void;
}
interface FetchEvent extends Event {
  readonly request: Request;
  respondWith(answer: Promise<Response>): void;
}

const PREFIX = 'dataprep-pages-';
const CACHE = PREFIX + build.digest;

/** How long a server may take before the kept page is shown; a machine that has left the network does not even refuse. */
const PATIENCE_MS = 4000;

const scope = self as unknown as WorkerScope;

scope.addEventListener('install', (event) => event.waitUntil(keepAll()));
scope.addEventListener('activate', (event) => event.waitUntil(takeOver()));
scope.addEventListener('fetch', (event) => {
  const { origin, pathname } = new URL(event.request.url);
  if (event.request.method !== 'GET' || origin !== location.origin || !Object.hasOwn(build.files, pathname)) return;
  // A hash in the name: another content has another name. All else may have changed on the server.
  event.respondWith(
    pathname.startsWith('/assets/') ? keptFirst(pathname, event.request) : serverFirst(pathname, event.request),
  );
});

async function keepAll(): Promise<void> {
  const cache = await caches.open(CACHE);
  const keep = async ([address, integrity]: [string, string]): Promise<void> => {
    // Only this build's own file: neither a sign-in page nor one of a build that came in between.
    const answer = await fetch(address, { integrity, redirect: 'error', cache: 'no-cache' });
    if (!answer.ok) throw new Error(`${address}: ${answer.status}`);
    await cache.put(address, answer);
  };
  await Promise.all(Object.entries(build.files).map(keep));
  // Pages come from the server first, so those that are open already may be of this build.
  await scope.skipWaiting();
}

async function takeOver(): Promise<void> {
  const names = await caches.keys();
  await Promise.all(
    names.filter((name) => name.startsWith(PREFIX) && name !== CACHE).map((name) => caches.delete(name)),
  );
  await scope.clients.claim();
}

async function kept(address: string): Promise<Response | undefined> {
  return (await caches.open(CACHE)).match(address);
}

async function keptFirst(address: string, request: Request): Promise<Response> {
  return (await kept(address)) ?? fetch(request);
}

async function serverFirst(address: string, request: Request): Promise<Response> {
  const asked = fetch(request);
  const late = new Promise<null>((resolve) => setTimeout(resolve, PATIENCE_MS, null));
  const answer = await Promise.race([asked.catch(() => null), late]);
  // A proxy whose server is gone answers for it.
  if (answer && answer.status < 500) return answer;
  return (await kept(address)) ?? asked;
}
