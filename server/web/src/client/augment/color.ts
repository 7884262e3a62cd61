import type { MaskedPicture } from '../augmentation.ts';
import type { Tint } from './drawing.ts';

/** ITU-R BT.601. */
const [RED, GREEN, BLUE] = [0.299, 0.587, 0.114];
/** The level that contrast turns about. */
const MIDDLE = 127.5;

/**
 * A picture in other colours, for each of its channels x and the pixel's luma L = 0.299 R + 0.587 G + 0.114 B:
 *
 *     x' = contrast * brightness * (saturation * x + (1 - saturation) * L) + 127.5 * (1 - contrast)
 *
 * rounded once, halves to the even level, and held in 0 … 255.
 */
export function tinted<T extends MaskedPicture>(picture: T, { brightness, contrast, saturation }: Tint): T {
  const { rgb } = picture;
  const [own, shared] = [contrast * brightness * saturation, contrast * brightness * (1 - saturation)];
  const offset = MIDDLE * (1 - contrast);
  const result = new Uint8Array(rgb.length);
  // Rounds and holds as it says above.
  const levels = new Uint8ClampedArray(result.buffer);
  for (let at = 0; at < rgb.length; at += 3) {
    const r = rgb[at] as number;
    const g = rgb[at + 1] as number;
    const b = rgb[at + 2] as number;
    const gray = shared * (RED * r + GREEN * g + BLUE * b) + offset;
    levels[at] = own * r + gray;
    levels[at + 1] = own * g + gray;
    levels[at + 2] = own * b + gray;
  }
  return { ...picture, rgb: result };
}
