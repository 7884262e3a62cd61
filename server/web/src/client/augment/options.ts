import { DataprepError } from '../complaint.ts';
import type { Color } from '../render/passes.ts';

/** The least and the greatest that may be drawn. */
export type Range = readonly [least: number, greatest: number];

/** Takes a part of the picture and brings it to the picture's size. */
export interface CropOptions {
  /** The part's share of the picture's area, in (0, 1]; [0.5, 1] when not given. */
  area?: Range;
  /** The part's width / height over the picture's own; [1, 1] when not given: nothing is squashed. */
  aspect?: Range;
}

/** Probabilities; 0 when not given. */
export interface FlipOptions {
  /** Exchanges left and right. */
  horizontal?: number;
  /** Exchanges top and bottom. */
  vertical?: number;
}

/** Factors by which levels change; a number n stands for [1 - n, 1 + n]. */
export interface ColorOptions {
  /** Of the levels themselves. */
  brightness?: number | Range;
  /** Of their distance from the middle one, 127.5. */
  contrast?: number | Range;
  /** Of their distance from the luma. */
  saturation?: number | Range;
}

/** What chance may do to a sample. What is not given is not done. */
export interface AugmentationOptions {
  crop?: CropOptions;
  /** A factor about the centre, e.g. [0.8, 1.25]. */
  scale?: Range;
  /** Degrees, counter-clockwise about the centre; a number n stands for [-n, n]. */
  rotate?: number | Range;
  flip?: FlipOptions;
  color?: ColorOptions;
  /** R, G, B where there is no picture; black when not given. */
  fill?: Color;
  /** The class index of a mask there; 0 when not given. */
  maskFill?: number;
  /** Boxes and polygons of which a smaller share of the area stays are dropped; 0 when not given. */
  minVisible?: number;
  /** `bilinear` when not given. `bicubic` is sharper, and takes about twice the time. */
  filter?: 'bilinear' | 'bicubic';
}

/** The options with every range spelled out; null for what is not done. */
export interface Drawn {
  crop: { area: Range; aspect: Range } | null;
  scale: Range | null;
  rotate: Range | null;
  flip: { horizontal: number; vertical: number } | null;
  color: { brightness: Range | null; contrast: Range | null; saturation: Range | null } | null;
}

/** @throws DataprepError (`usage`) for a range that is none, or leaves its bounds */
export function spelledOut({ crop, scale, rotate, flip, color }: AugmentationOptions): Drawn {
  const share = [0, 1] as const;
  const factor = (name: string, value: number | Range | undefined): Range | null =>
    value === undefined ? null : range(`color.${name}`, around(value, 1), [0, 100]);
  return {
    crop: crop
      ? {
          area: range('crop.area', crop.area ?? [0.5, 1], [1e-6, 1]),
          aspect: range('crop.aspect', crop.aspect ?? [1, 1], [0.01, 100]),
        }
      : null,
    scale: scale ? range('scale', scale, [0.01, 100]) : null,
    rotate: rotate === undefined ? null : range('rotate', around(rotate, 0), [-360, 360]),
    flip: flip
      ? {
          horizontal: number('flip.horizontal', flip.horizontal ?? 0, share),
          vertical: number('flip.vertical', flip.vertical ?? 0, share),
        }
      : null,
    color: color
      ? {
          brightness: factor('brightness', color.brightness),
          contrast: factor('contrast', color.contrast),
          saturation: factor('saturation', color.saturation),
        }
      : null,
  };
}

function around(value: number | Range, middle: number): Range {
  return typeof value === 'number' ? [middle - value, middle + value] : value;
}

function range(place: string, value: Range, bounds: Range): Range {
  const [least, greatest] = value;
  if (least >= bounds[0] && least <= greatest && greatest <= bounds[1]) return value;
  throw wrong(place, `${bounds[0]} <= least <= greatest <= ${bounds[1]}`, `${least}, ${greatest}`);
}

/** A number within bounds. @throws DataprepError (`usage`) */
export function number(place: string, value: number, bounds: Range): number {
  if (value >= bounds[0] && value <= bounds[1]) return value;
  throw wrong(place, `a number from ${bounds[0]} to ${bounds[1]}`, String(value));
}

function wrong(name: string, wanted: string, found: string): DataprepError {
  const next = 'See AugmentationOptions for what each option means.';
  return new DataprepError('usage', { place: `augmentation({ ${name} })`, wanted, found, next });
}
