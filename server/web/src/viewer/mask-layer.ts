import { decodeMask, type Mask } from '../client/decode/mask.ts';
import { element } from '../page/element.ts';
import { failureNotice } from '../page/notice.ts';
import { hueColor, type Rgb } from '../page/palette.ts';
import type { BrowsedSample } from '../page/server.ts';
import type { Shelf } from '../page/shelf.ts';

/** How much of a colour covers the picture, 0…255: inside an area, and along its edge. */
const INSIDE = 96;
const EDGE = 216;

/**
 * A mask in translucent colours; index 0, mostly the background, stays clear.
 *
 * @returns RGBA, row-major
 */
export function maskColors(mask: Mask, width: number, colorOf: (index: number) => Rgb): Uint8ClampedArray<ArrayBuffer> {
  const rgba = new Uint8ClampedArray(mask.length * 4);
  for (let at = 0; at < mask.length; at++) {
    const index = mask[at] as number;
    if (index === 0) continue;
    const column = at % width;
    const edge =
      (column > 0 && mask[at - 1] !== index) ||
      (column < width - 1 && mask[at + 1] !== index) ||
      (at >= width && mask[at - width] !== index) ||
      (at + width < mask.length && mask[at + width] !== index);
    rgba.set([...colorOf(index), edge ? EDGE : INSIDE], at * 4);
  }
  return rgba;
}

/** The share of the pixels that each index has, the largest first. */
export function maskShares(mask: Mask): [index: number, share: number][] {
  const counts = new Uint32Array(256);
  for (const index of mask) counts[index] = (counts[index] as number) + 1;
  return [...counts]
    .map((n, index): [number, number] => [index, n / mask.length])
    .filter(([, share]) => share > 0)
    .sort((a, b) => b[1] - a[1]);
}

/** Runs `then` once the element comes into view: a page of masks is not fetched before it is scrolled to. */
function onceSeen(target: Element, then: () => void): void {
  const observer = new IntersectionObserver((entries) => {
    if (!entries.some((entry) => entry.isIntersecting)) return;
    observer.disconnect();
    then();
  });
  observer.observe(target);
}

/**
 * The mask of a sample as a layer over its picture.
 *
 * @param classes how many there are
 * @param onMask called with the decoded mask
 */
export function maskLayer(
  shelf: Shelf,
  dataset: string,
  sample: BrowsedSample,
  classes: number,
  onMask: (mask: Mask) => void = () => undefined,
): HTMLElement | null {
  const reference = sample.mask;
  if (!reference) return null;
  const [width, height] = sample.image_size;
  const canvas = element('canvas', { class: 'overlay mask', width, height, 'aria-hidden': 'true' });
  const paint = async (): Promise<void> => {
    const mask = await decodeMask(await shelf.imageBytes(dataset, reference.sha256), width, height);
    // An index that no class has, such as 255 along borders, looks like a box without a class.
    const colors = maskColors(mask, width, (index) => hueColor(index < classes ? index : -1));
    canvas.getContext('2d')?.putImageData(new ImageData(colors, width, height), 0, 0);
    onMask(mask);
  };
  onceSeen(canvas, () => void paint().catch((thrown: unknown) => canvas.replaceWith(failureNotice(thrown))));
  return canvas;
}
