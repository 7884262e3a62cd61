import { inverse } from '../geometry/affine.ts';
import { type Convex, commonConvex, mappedConvex } from '../geometry/convex.ts';
import { corners, rectOf, type Size } from '../geometry/rect.ts';
import type { Affine } from '../wire.ts';

/** Where a variation lies in the picture that it is made from: the one map that pixels, labels and masks follow. */
export interface Placement {
  /** Of the picture, and of the variation: a batch's pictures are of one size. */
  readonly size: Size;
  /** Picture to variation. */
  readonly affine: Affine;
  /** What of the picture the variation shows, in the picture's pixels; outside it there is only fill. */
  readonly region: Convex;
}

/** The placement under a map that does not flatten the plane. */
export function placed(size: Size, affine: Affine): Placement {
  const whole = corners(rectOf(size));
  return { size, affine, region: commonConvex(whole, mappedConvex(inverse(affine), whole)) };
}

/**
 * The mask of a variation: each pixel takes the value at its centre, src = floor(M⁻¹ (dst + ½)), and none is made up.
 *
 * @param mask the class index of every pixel of the picture, row-major
 * @param fill the value where the variation shows no picture
 */
export function gathered({ size, affine }: Placement, mask: Uint8Array, fill: number): Uint8Array<ArrayBuffer> {
  const { width, height } = size;
  const [a, b, c, d, e, f] = inverse(affine);
  const found = new Uint8Array(width * height).fill(fill);
  for (let row = 0, at = 0; row < height; row++) {
    for (let column = 0; column < width; column++, at++) {
      const x = a * (column + 0.5) + b * (row + 0.5) + c;
      const y = d * (column + 0.5) + e * (row + 0.5) + f;
      // The centres of its pixels lie in the variation; so what is left of the region is the picture.
      if (!(x >= 0 && x <= width && y >= 0 && y <= height)) continue;
      const sx = Math.min(Math.floor(x), width - 1);
      const sy = Math.min(Math.floor(y), height - 1);
      found[at] = mask[sy * width + sx] as number;
    }
  }
  return found;
}
