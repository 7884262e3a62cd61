import { chain, IDENTITY, mirrorX, mirrorY, rotation, scaling, translation } from '../geometry/affine.ts';
import type { Size } from '../geometry/rect.ts';
import type { Affine } from '../wire.ts';
import type { Drawn, Range } from './options.ts';

/** Factors of brightness, contrast and saturation. */
export interface Tint {
  brightness: number;
  contrast: number;
  saturation: number;
}

/** What was drawn for one sample. */
export interface Variation {
  /** Picture to variation. */
  affine: Affine;
  /** Null where colours stay. */
  tint: Tint | null;
}

/**
 * Draws a variation. Each draw takes one word; with u = word / 2^32:
 *
 *     even(least, greatest)   = least + (greatest - least) * u
 *     factor(least, greatest) = least * (greatest / least) ^ u
 *     chance(p)               = u < p
 *
 * In this order, and only for the options that are given, of a picture W x H:
 *
 *     crop     A = even(area), r = factor(aspect); w = W min(1, sqrt(A r)), h = H min(1, sqrt(A / r));
 *              x = (W - w) u, y = (H - h) u: two more words. The part w x h at (x, y) becomes W x H
 *     scale    s = factor(scale), about the centre
 *     rotate   even(rotate) degrees counter-clockwise, about the centre
 *     flip     chance(horizontal): x' = W - x; then chance(vertical): y' = H - y
 *     color    even(brightness), even(contrast), even(saturation)
 *
 * The map of the picture is the chain of these, in this order.
 */
export function draw({ crop, scale, rotate, flip, color }: Drawn, size: Size, words: () => number): Variation {
  const unit = (): number => words() / 2 ** 32;
  const even = ([least, greatest]: Range): number => least + (greatest - least) * unit();
  const factor = ([least, greatest]: Range): number => least * (greatest / least) ** unit();
  const { width, height } = size;
  const steps: Affine[] = [];
  if (crop) {
    const [area, aspect] = [even(crop.area), factor(crop.aspect)];
    const [w, h] = [width * Math.min(1, Math.sqrt(area * aspect)), height * Math.min(1, Math.sqrt(area / aspect))];
    const [x, y] = [(width - w) * unit(), (height - h) * unit()];
    steps.push(translation(-x, -y), scaling(width / w, height / h));
  }
  const centered = (step: Affine): Affine[] => [
    translation(-width / 2, -height / 2),
    step,
    translation(width / 2, height / 2),
  ];
  if (scale) {
    const s = factor(scale);
    steps.push(...centered(scaling(s, s)));
  }
  // y points down, so a positive turn of the plane is clockwise to the eye.
  if (rotate) steps.push(...centered(rotation(-even(rotate))));
  if (flip) {
    const [x, y] = [unit() < flip.horizontal, unit() < flip.vertical];
    if (x) steps.push(mirrorX(width));
    if (y) steps.push(mirrorY(height));
  }
  const level = (range: Range | null): number => (range ? even(range) : 1);
  return {
    affine: chain(IDENTITY, ...steps),
    tint: color && {
      brightness: level(color.brightness),
      contrast: level(color.contrast),
      saturation: level(color.saturation),
    },
  };
}
