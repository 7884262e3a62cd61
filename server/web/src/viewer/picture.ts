import type { ImageSpec } from '../client/wire.ts';
import { element } from '../page/element.ts';
import { failureNotice, isAbort } from '../page/notice.ts';
import { type BrowsedSample, imageAddress } from '../page/server.ts';

/** Raw RGB as a canvas's RGBA. */
export function rgbaOf(rgb: Uint8Array): Uint8ClampedArray<ArrayBuffer> {
  const rgba = new Uint8ClampedArray((rgb.length / 3) * 4).fill(255);
  for (let pixel = 0; pixel < rgb.length / 3; pixel++) rgba.set(rgb.subarray(pixel * 3, pixel * 3 + 3), pixel * 4);
  return rgba;
}

async function paintRaw(canvas: HTMLCanvasElement, url: string): Promise<void> {
  const response = await fetch(url);
  if (!response.ok) throw new Error(`${url}: wanted an image, found ${response.status}. See the server’s log.`);
  const rgb = new Uint8Array(await response.arrayBuffer());
  if (rgb.length !== canvas.width * canvas.height * 3) {
    throw new Error(
      `${url}: wanted ${canvas.width} x ${canvas.height} x 3 bytes, found ${rgb.length}. Verify the store.`,
    );
  }
  canvas.getContext('2d')?.putImageData(new ImageData(rgbaOf(rgb), canvas.width, canvas.height), 0, 0);
}

/** The stored picture of a sample: an image, or for the raw format a canvas. */
export function picture(dataset: string, image: ImageSpec, sample: BrowsedSample): HTMLElement {
  const [width, height] = sample.image_size;
  const url = imageAddress(dataset, sample.sha256);
  if (image.format !== 'raw') {
    return element('img', {
      class: 'picture',
      src: url,
      alt: sample.key,
      width,
      height,
      loading: 'lazy',
      decoding: 'async',
    });
  }
  const canvas = element('canvas', { class: 'picture', width, height, role: 'img', 'aria-label': sample.key });
  paintRaw(canvas, url).catch((thrown: unknown) => {
    if (!isAbort(thrown)) canvas.replaceWith(failureNotice(thrown));
  });
  return canvas;
}
