/** Where a plane lies in a buffer: the byte of its first row, and the bytes from one row to the next. */
export interface Plane {
  offset: number;
  stride: number;
}

/** Decoded pixels as a decoder leaves them, in memory that it uses again. */
export interface Raster {
  bytes: Uint8Array | Uint8ClampedArray;
  /** R, G and B; or Y, Cb and Cr, full-range and of one size (JPEG 4:4:4). */
  planes: readonly [Plane, Plane, Plane];
  /** Bytes from one pixel of a plane to the next. */
  step: number;
  ycbcr: boolean;
  width: number;
  height: number;
}

/** Decoded bytes, or what they are normalised to. */
export type PixelArray = Uint8Array | Float32Array;

/** A table's span for one channel: the conversion from Y, Cb and Cr overshoots 0…255 by less than 256 either way. */
const SPAN = 768;
const ZERO = 256;

/** What each byte of a channel is written as: three spans, one after the other. */
export type PixelTable = PixelArray;

function fill<T extends PixelArray>(table: T, of: (channel: number, byte: number) => number): T {
  for (let at = 0; at < table.length; at++) {
    table[at] = of(Math.floor(at / SPAN), Math.min(255, Math.max(0, (at % SPAN) - ZERO)));
  }
  return table;
}

/** Bytes stay as they are; what overshoots is clamped. */
export const BYTES: PixelTable = fill(new Uint8Array(3 * SPAN), (_, byte) => byte);

/** @param table the normalised value of every byte, for R, G and B in turn: 3 x 256 */
export function valueTable(table: Float32Array): PixelTable {
  return fill(new Float32Array(3 * SPAN), (channel, byte) => table[channel * 256 + byte] as number);
}

/** Four planes in one, of which the fourth is dropped. @param blueFirst for BGRA and BGRX */
export function fourBytes(
  bytes: Raster['bytes'],
  { offset, stride }: Plane,
  size: { width: number; height: number },
  blueFirst = false,
): Raster {
  const at = (byte: number): Plane => ({ offset: offset + byte, stride });
  return { bytes, planes: [at(blueFirst ? 2 : 0), at(1), at(blueFirst ? 0 : 2)], step: 4, ycbcr: false, ...size };
}

/**
 * Writes pixels into `out` from position `at`: height x width x 3, row-major.
 *
 * Y, Cb and Cr become RGB by the formulas of libjpeg, to the last bit: 16-bit fixed point, arithmetic shift, clamped.
 *
 *     R = Y + (( 91881 (Cr-128)                     + 32768) >> 16)
 *     G = Y + ((-22554 (Cb-128) - 46802 (Cr-128)    + 32768) >> 16)
 *     B = Y + ((116130 (Cb-128)                     + 32768) >> 16)
 *
 * The table clamps and normalises in one look-up, so normalised pixels cost no second pass.
 */
export function writePixels(raster: Raster, out: PixelArray, at: number, table: PixelTable): void {
  const { bytes, planes, step, ycbcr, width, height } = raster;
  const [first, second, third] = planes;
  let to = at;
  for (let row = 0; row < height; row++) {
    const a = first.offset + row * first.stride;
    const b = second.offset + row * second.stride;
    const c = third.offset + row * third.stride;
    for (let column = 0; column < width * step; column += step) {
      let red = bytes[a + column] as number;
      let green = bytes[b + column] as number;
      let blue = bytes[c + column] as number;
      if (ycbcr) {
        const cb = green - 128;
        const cr = blue - 128;
        green = red + ((-22554 * cb - 46802 * cr + 32768) >> 16);
        blue = red + ((116130 * cb + 32768) >> 16);
        red += (91881 * cr + 32768) >> 16;
      }
      out[to] = table[ZERO + red] as number;
      out[to + 1] = table[SPAN + ZERO + green] as number;
      out[to + 2] = table[2 * SPAN + ZERO + blue] as number;
      to += 3;
    }
  }
}
