/** What this page can do here, and a sentence for everything it has to do without. */
export interface Surroundings {
  secureContext: boolean;
  losses: string[];
}

/**
 * Looks at the browser and at how the page was loaded.
 *
 * Plain http from another machine is no secure context: several interfaces are then missing. Each has a fallback.
 */
export function surroundings(): Surroundings {
  const losses: string[] = [];
  if (!globalThis.crypto?.subtle)
    losses.push('No crypto.subtle: shards are hashed in JavaScript, several times slower.');
  if (typeof ImageDecoder === 'undefined') {
    losses.push('No ImageDecoder: images are decoded through bitmaps and a canvas, several times slower.');
  }
  if (typeof OffscreenCanvas === 'undefined')
    losses.push('No OffscreenCanvas: images can only be decoded on a page, not in a worker.');
  if (!globalThis.navigator?.locks) {
    losses.push('No Web Locks: a sync cannot see readers in other tabs; they may have to start their epoch again.');
  }
  if (!globalThis.navigator?.storage) {
    losses.push(
      'No navigator.storage: nothing says how much room is left, and the browser cannot be asked to keep what is stored.',
    );
  }
  if (!globalThis.isSecureContext) {
    losses.push(
      'No service worker: a page cannot be loaded again without its server, so it must stay open.',
      'No camera and no WebGPU: browsers want https or localhost.',
    );
  }
  return { secureContext: globalThis.isSecureContext, losses };
}
