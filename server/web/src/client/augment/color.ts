import type { MaskedPicture } from '../augmentation.ts';
import { clamped, rint } from '../render/resampling.ts';
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
  for (let at = 0; at < rgb.length; at += 3) {
    const [r, g, b] = [rgb[at] as number, rgb[at + 1] as number, rgb[at + 2] as number];
    const gray = shared * (RED * r + GREEN * g + BLUE * b) + offset;
    result[at] = clamped(rint(own * r + gray));
    result[at + 1] = clamped(rint(own * g + gray));
    result[at + 2] = clamped(rint(own * b + gray));
  }
  return { ...picture, rgb: result };
}
