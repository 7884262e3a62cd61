import { visibleSize, withBytes, withFrame } from './frame.ts';
import type { DecodePath } from './path.ts';
import { fourBytes } from './raster.ts';

function decoding(converts: boolean): DecodePath {
  return (encoded, write) =>
    withFrame(encoded, async (frame) => {
      const native = frame.format ?? 'RGBA';
      const ready = /RGB|BGR/.test(native);
      if (!ready && !converts) throw new Error(`the frame is ${native}, not RGB`);
      await withBytes(frame, ready ? {} : { format: 'BGRX' }, (bytes, [plane]) => {
        write(fourBytes(bytes, plane as PlaneLayout, visibleSize(frame), native[0] !== 'R'));
      });
    });
}

/**
 * ImageDecoder and its own conversion to RGBA; exact for PNG and lossless WebP.
 *
 * A frame that is RGB already (Firefox gives BGRX) is copied as it is, any other is asked for as BGRX: Chromium takes
 * longer for RGBA.
 */
export const decoder: DecodePath = decoding(true);

/**
 * ImageDecoder where its frames are RGB already; any other is refused.
 *
 * Chromium's conversion of a JPEG's planes is off by 1 on 4:4:4, and by dozens on 4:2:0, but not on grey: golden samples
 * that happen to be grey would prove it.
 */
export const unconverted: DecodePath = decoding(false);
