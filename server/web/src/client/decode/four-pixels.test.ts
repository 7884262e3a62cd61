import fc from 'fast-check';
import { expect, it } from 'vitest';
import { writeRgb } from './four-pixels.ts';
import { BYTES, fourBytes, type Plane, type Raster, writePixels } from './raster.ts';

function both(raster: Raster): { wanted: Uint8Array; found: Uint8Array } {
  const size = raster.width * raster.height * 3;
  const [wanted, found] = [new Uint8Array(size), new Uint8Array(size)];
  writePixels(raster, wanted, 0, BYTES);
  writeRgb(raster, found);
  return { wanted, found };
}

it('writes every Y, Cb and Cr as one pixel after the other does', () => {
  // A row for each Cb and Cr, with every Y: 256 x 65,536.
  const y = Uint8Array.from({ length: 256 }, (_, at) => at);
  const bytes = new Uint8Array(3 * 256);
  bytes.set(y);
  const at = (plane: number): Plane => ({ offset: 256 * plane, stride: 256 });
  const raster: Raster = { bytes, planes: [at(0), at(1), at(2)], step: 1, ycbcr: true, width: 256, height: 1 };
  for (let pair = 0; pair < 2 ** 16; pair++) {
    bytes.fill(pair >> 8, 256, 512).fill(pair & 255, 512);
    const { wanted, found } = both(raster);
    if (!wanted.every((byte, at) => byte === found[at])) expect([pair, ...found]).toEqual([pair, ...wanted]);
  }
});

it('takes planes wherever they lie, and any width', () => {
  const shapes = fc.record({
    width: fc.integer({ min: 1, max: 13 }),
    height: fc.integer({ min: 1, max: 5 }),
    pad: fc.nat(6),
    gap: fc.nat(7),
    ycbcr: fc.boolean(),
    seed: fc.integer({ min: 1 }),
  });
  fc.assert(
    fc.property(shapes, ({ width, height, pad, gap, ycbcr, seed }) => {
      const stride = (ycbcr ? width : 4 * width) + pad;
      const size = gap + stride * height;
      const bytes = Uint8Array.from({ length: 3 * size }, (_, at) => Math.imul(seed, at * at + 7) >>> 13);
      const at = (plane: number): Plane => ({ offset: plane * size + gap, stride });
      const raster: Raster = ycbcr
        ? { bytes, planes: [at(0), at(1), at(2)], step: 1, ycbcr, width, height }
        : fourBytes(bytes, at(0), { width, height });
      const { wanted, found } = both(raster);
      expect(found).toEqual(wanted);
    }),
  );
});
