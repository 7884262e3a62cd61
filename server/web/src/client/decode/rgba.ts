import type { Plane } from './ycbcr.ts';

/**
 * Drops the fourth byte of every pixel.
 *
 * @param blueFirst for BGRA and BGRX
 * @returns height x width x 3 uint8 RGB, row-major
 */
export function rgbFromFour(
  bytes: Uint8Array | Uint8ClampedArray,
  plane: Plane,
  width: number,
  height: number,
  blueFirst = false,
): Uint8Array<ArrayBuffer> {
  const rgb = new Uint8Array(width * height * 3);
  const first = blueFirst ? 2 : 0;
  let out = 0;
  for (let row = 0; row < height; row++) {
    let at = plane.offset + row * plane.stride;
    for (let column = 0; column < width; column++) {
      rgb[out] = bytes[at + first] as number;
      rgb[out + 1] = bytes[at + 1] as number;
      rgb[out + 2] = bytes[at + 2 - first] as number;
      at += 4;
      out += 3;
    }
  }
  return rgb;
}
