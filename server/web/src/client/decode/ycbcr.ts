/** Where a plane lies in a buffer: the byte of its first row, and the bytes from one row to the next. */
export interface Plane {
  offset: number;
  stride: number;
}

/**
 * Full-range Y, Cb, Cr planes of one size (JPEG 4:4:4) to RGB, with the formulas of libjpeg to the last bit.
 *
 * 16-bit fixed point, arithmetic shift, clamped to 0…255:
 *
 *     R = Y + (( 91881 (Cr-128)                     + 32768) >> 16)
 *     G = Y + ((-22554 (Cb-128) - 46802 (Cr-128)    + 32768) >> 16)
 *     B = Y + ((116130 (Cb-128)                     + 32768) >> 16)
 *
 * @param planes Y, Cb, Cr in `bytes`
 * @returns height x width x 3 uint8, row-major
 */
export function ycbcrToRgb(
  bytes: Uint8Array,
  planes: readonly [Plane, Plane, Plane],
  width: number,
  height: number,
): Uint8Array<ArrayBuffer> {
  // The clamped array clamps in native code, which is faster than two comparisons a channel.
  const rgb = new Uint8ClampedArray(width * height * 3);
  const [luma, blue, red] = planes;
  let out = 0;
  for (let row = 0; row < height; row++) {
    const y0 = luma.offset + row * luma.stride;
    const b0 = blue.offset + row * blue.stride;
    const r0 = red.offset + row * red.stride;
    for (let column = 0; column < width; column++) {
      const y = bytes[y0 + column] as number;
      const cb = (bytes[b0 + column] as number) - 128;
      const cr = (bytes[r0 + column] as number) - 128;
      rgb[out] = y + ((91881 * cr + 32768) >> 16);
      rgb[out + 1] = y + ((-22554 * cb - 46802 * cr + 32768) >> 16);
      rgb[out + 2] = y + ((116130 * cb + 32768) >> 16);
      out += 3;
    }
  }
  return new Uint8Array(rgb.buffer);
}
