import type { ImageSpec } from '../client/wire.ts';
import { element } from '../page/element.ts';
import { failureNotice, isAbort } from '../page/notice.ts';
import type { BrowsedSample } from '../page/server.ts';
import type { Shelf } from '../page/shelf.ts';

/** Raw RGB as a canvas's RGBA. */
export function rgbaOf(rgb: Uint8Array): Uint8ClampedArray<ArrayBuffer> {
  const rgba = new Uint8ClampedArray((rgb.length / 3) * 4).fill(255);
  for (let pixel = 0; pixel < rgb.length / 3; pixel++) rgba.set(rgb.subarray(pixel * 3, pixel * 3 + 3), pixel * 4);
  return rgba;
}

function paintRaw(canvas: HTMLCanvasElement, key: string, rgb: Uint8Array): void {
  if (rgb.length !== canvas.width * canvas.height * 3) {
    throw new Error(
      `${key}: wanted ${canvas.width} x ${canvas.height} x 3 bytes, found ${rgb.length}. Verify the store.`,
    );
  }
  canvas.getContext('2d')?.putImageData(new ImageData(rgbaOf(rgb), canvas.width, canvas.height), 0, 0);
}

/** The stored picture of a sample: an image, or for the raw format a canvas. */
export function picture(shelf: Shelf, dataset: string, image: ImageSpec, sample: BrowsedSample): HTMLElement {
  const [width, height] = sample.image_size;
  if (image.format !== 'raw') {
    return element('img', {
      class: 'picture',
      src: shelf.image(dataset, sample.sha256),
      alt: sample.key,
      width,
      height,
      loading: 'lazy',
      decoding: 'async',
    });
  }
  const canvas = element('canvas', { class: 'picture', width, height, role: 'img', 'aria-label': sample.key });
  shelf
    .imageBytes(dataset, sample.sha256)
    .then((rgb) => paintRaw(canvas, sample.key, rgb))
    .catch((thrown: unknown) => {
      if (!isAbort(thrown)) canvas.replaceWith(failureNotice(thrown));
    });
  return canvas;
}
