import type { Picture } from '../decode/path.ts';
import type { Size } from '../geometry/rect.ts';
import type { Affine } from '../wire.ts';
import type { Color } from './passes.ts';

/** Pixels beyond the image that a cubic reads for a place at its edge. */
const BORDER = 2;
const float = Math.fround;

/**
 * Samples an image under an affine, as dataprep/pixels/sampling.py does it, and to the same bits: weights and sums are
 * float32. Where the map shrinks, the image must have been shrunk before.
 *
 * @param back from the result to the image, in continuous coordinates
 * @param color of the pixels whose centre lies outside the image
 * @param isCubic by four times four pixels (Catmull-Rom) instead of two times two
 */
export function sample(image: Picture, back: Affine, size: Size, color: Color, isCubic: boolean): Picture {
  const bordered = withBorder(image);
  const stride = (image.width + 2 * BORDER) * 3;
  const rgb = new Uint8Array(size.width * size.height * 3);
  // Rounds to the nearest level, halves to the even one, and holds it in 0 … 255.
  const levels = new Uint8ClampedArray(rgb.buffer);
  const taps = isCubic ? 4 : 2;
  const weigh = isCubic ? cubic : linear;
  const level = isCubic ? cubicLevel : linearLevel;
  const [across, down] = [new Float32Array(taps), new Float32Array(taps)];
  // Half of the taps lie before a place.
  const lead = BORDER - taps / 2 + 1;
  const [a, b, c, d, e, f] = back;
  for (let row = 0, at = 0; row < size.height; row++) {
    for (let column = 0; column < size.width; column++, at += 3) {
      const x = a * (column + 0.5) + b * (row + 0.5) + c;
      const y = d * (column + 0.5) + e * (row + 0.5) + f;
      if (!(x >= 0 && x < image.width && y >= 0 && y < image.height)) {
        rgb[at] = color[0];
        rgb[at + 1] = color[1];
        rgb[at + 2] = color[2];
        continue;
      }
      const left = Math.floor(x - 0.5);
      const top = Math.floor(y - 0.5);
      weigh(across, x - 0.5 - left);
      weigh(down, y - 0.5 - top);
      const first = (top + lead) * stride + (left + lead) * 3;
      levels[at] = level(bordered, first, stride, across, down);
      levels[at + 1] = level(bordered, first + 1, stride, across, down);
      levels[at + 2] = level(bordered, first + 2, stride, across, down);
    }
  }
  return { rgb, width: size.width, height: size.height };
}

/** A level of an output pixel, not yet rounded, of four times four of the image. */
function cubicLevel(from: Uint8Array, first: number, stride: number, across: Float32Array, down: Float32Array): number {
  const a = across[0] as number;
  const b = across[1] as number;
  const c = across[2] as number;
  const d = across[3] as number;
  let total = 0;
  for (let line = 0, at = first; line < 4; line++, at += stride) {
    const left = float(float((from[at] as number) * a) + float((from[at + 3] as number) * b));
    const row = float(float(left + float((from[at + 6] as number) * c)) + float((from[at + 9] as number) * d));
    total = float(total + float(row * (down[line] as number)));
  }
  return total;
}

/** A level of an output pixel, not yet rounded, of two times two of the image. */
function linearLevel(
  from: Uint8Array,
  first: number,
  stride: number,
  across: Float32Array,
  down: Float32Array,
): number {
  const a = across[0] as number;
  const b = across[1] as number;
  const below = first + stride;
  const upper = float(float((from[first] as number) * a) + float((from[first + 3] as number) * b));
  const lower = float(float((from[below] as number) * a) + float((from[below + 3] as number) * b));
  return float(float(upper * (down[0] as number)) + float(lower * (down[1] as number)));
}

/** The weights of the pixels at 0 and 1 for a place between them. */
function linear(weights: Float32Array, share: number): void {
  weights[1] = share;
  weights[0] = 1 - (weights[1] as number);
}

/** The weights of the pixels at -1, 0, 1 and 2 for a place between 0 and 1 (Keys 1981, a = -1/2). */
function cubic(weights: Float32Array, share: number): void {
  const t = float(share);
  weights[0] = float(float(float(float(2 - t) * t) - 1) * t) / 2;
  weights[1] = float(float(float(float(float(3 * t) - 5) * t) * t) + 2) / 2;
  weights[2] = float(float(float(float(4 - float(3 * t)) * t) + 1) * t) / 2;
  weights[3] = float(float(float(t - 1) * t) * t) / 2;
}

/** The image with its outermost pixels repeated. */
function withBorder({ rgb, width, height }: Picture): Uint8Array {
  const stride = (width + 2 * BORDER) * 3;
  const bordered = new Uint8Array(stride * (height + 2 * BORDER));
  for (let row = 0; row < height + 2 * BORDER; row++) {
    const from = Math.min(Math.max(row - BORDER, 0), height - 1) * width * 3;
    const to = row * stride;
    bordered.set(rgb.subarray(from, from + width * 3), to + BORDER * 3);
    for (let side = 0; side < BORDER; side++) {
      bordered.copyWithin(to + side * 3, to + BORDER * 3, to + BORDER * 3 + 3);
      bordered.copyWithin(to + stride - (side + 1) * 3, to + stride - (BORDER + 1) * 3, to + stride - BORDER * 3);
    }
  }
  return bordered;
}
