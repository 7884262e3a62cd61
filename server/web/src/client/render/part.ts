import type { Picture } from '../decode/path.ts';
import { type Rect, rectOf } from '../geometry/rect.ts';

/** A rectangle of whole pixels of a picture: uint8 RGB, rows `stride` pixels apart. */
export interface Part extends Rect {
  readonly rgb: Uint8Array;
  readonly stride: number;
}

/** A part of a picture, which must hold it. */
export function partOf({ rgb, width, height }: Picture, rect: Rect = rectOf({ width, height })): Part {
  return { ...rect, rgb, stride: width };
}
