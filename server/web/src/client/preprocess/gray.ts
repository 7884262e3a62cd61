import type { Picture } from '../decode/path.ts';

/** A picture without its colours: Pillow's luma (ITU-R BT.601, in 2^-16) in all channels. */
export function withoutColors({ rgb, width, height }: Picture): Picture {
  const gray = new Uint8Array(rgb.length);
  for (let at = 0; at < rgb.length; at += 3) {
    const [r, g, b] = [rgb[at] as number, rgb[at + 1] as number, rgb[at + 2] as number];
    gray.fill((r * 19595 + g * 38470 + b * 7471 + 0x8000) >> 16, at, at + 3);
  }
  return { rgb: gray, width, height };
}
