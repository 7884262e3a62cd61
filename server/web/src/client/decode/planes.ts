import { visibleSize, withFrame } from './frame.ts';
import type { DecodePath } from './path.ts';
import { ycbcrToRgb } from './ycbcr.ts';

/**
 * JPEG 4:4:4 through the decoder's own Y, Cb and Cr planes.
 *
 * Chromium's conversion to RGBA is off by one here and there; its planes are libjpeg's, so converting them with
 * libjpeg's formulas is exact.
 */
export const planes: DecodePath = {
  name: 'planes',
  decode: (encoded) =>
    withFrame(encoded, async (frame) => {
      if (frame.format !== 'I444') throw new Error(`the frame is ${frame.format}, not I444`);
      const bytes = new Uint8Array(frame.allocationSize());
      const [y, cb, cr] = await frame.copyTo(bytes);
      if (!y || !cb || !cr) throw new Error('the frame has fewer than three planes');
      const { width, height } = visibleSize(frame);
      return { rgb: ycbcrToRgb(bytes, [y, cb, cr], width, height), width, height };
    }),
};
