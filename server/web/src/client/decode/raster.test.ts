import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BYTES, fourBytes, type Plane, type Raster, valueTable, writePixels } from './raster.ts';

const byte = fc.nat(255);

function rgb(raster: Raster): number[] {
  const out = new Uint8Array(raster.width * raster.height * 3);
  writePixels(raster, out, 0, BYTES);
  return [...out];
}

function ycbcr(bytes: Uint8Array, planes: readonly [Plane, Plane, Plane], width: number, height: number): Raster {
  return { bytes, planes, step: 1, ycbcr: true, width, height };
}

function pixel(y: number, cb: number, cr: number): Raster {
  const at = (offset: number) => ({ offset, stride: 1 });
  return ycbcr(Uint8Array.of(y, cb, cr), [at(0), at(1), at(2)], 1, 1);
}

const convert = (y: number, cb: number, cr: number): number[] => rgb(pixel(y, cb, cr));

describe('writePixels of Y, Cb and Cr', () => {
  it('is libjpeg’s: within one of the real formula, clamped, grey unchanged', () => {
    const near = (value: number, real: number) =>
      expect(Math.abs(value - Math.min(255, Math.max(0, real)))).toBeLessThan(1);
    fc.assert(
      fc.property(byte, byte, byte, (y, cb, cr) => {
        const [r, g, b] = convert(y, cb, cr) as [number, number, number];
        near(r, y + 1.402 * (cr - 128));
        near(g, y - 0.344136 * (cb - 128) - 0.714136 * (cr - 128));
        near(b, y + 1.772 * (cb - 128));
        expect(convert(y, 128, 128)).toEqual([y, y, y]);
      }),
    );
  });

  // Flat JPEGs of these Y, Cb, Cr at quality 100 without subsampling, as Pillow (libjpeg-turbo) decodes them.
  it.each([
    [
      [76, 85, 255],
      [254, 0, 0],
    ],
    [
      [149, 43, 21],
      [0, 255, 0],
    ],
    [
      [29, 255, 107],
      [0, 0, 254],
    ],
    [
      [200, 90, 150],
      [231, 197, 133],
    ],
  ])('converts %j to %j', ([y, cb, cr], rgb) => {
    expect(convert(y as number, cb as number, cr as number)).toEqual(rgb);
  });

  it('honours offsets and strides that are wider than the picture', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 9 }),
        fc.integer({ min: 1, max: 9 }),
        fc.nat(7),
        fc.nat(50),
        (w, h, pad, gap) => {
          const stride = w + pad;
          const size = gap + stride * h;
          const bytes = new Uint8Array(3 * size).fill(99);
          const planes = [0, 1, 2].map((plane) => ({ offset: plane * size + gap, stride }));
          for (const [plane, { offset }] of planes.entries()) {
            for (let row = 0; row < h; row++) {
              for (let x = 0; x < w; x++) bytes[offset + row * stride + x] = plane === 0 ? (row * w + x) % 256 : 128;
            }
          }
          const [y, cb, cr] = planes as [
            { offset: number; stride: number },
            { offset: number; stride: number },
            { offset: number; stride: number },
          ];
          const wanted = Array.from({ length: w * h }, (_, i) => [i % 256, i % 256, i % 256]).flat();
          expect(rgb(ycbcr(bytes, [y, cb, cr], w, h))).toEqual(wanted);
        },
      ),
    );
  });
});

describe('writePixels of RGB', () => {
  it('drops the fourth byte, and turns BGR round', () => {
    const bytes = Uint8Array.of(0, 1, 2, 3, 255, 4, 5, 6, 255, 0);
    const of = (blueFirst: boolean) => fourBytes(bytes, { offset: 1, stride: 8 }, { width: 2, height: 1 }, blueFirst);
    expect(rgb(of(false))).toEqual([1, 2, 3, 4, 5, 6]);
    expect(rgb(of(true))).toEqual([3, 2, 1, 6, 5, 4]);
  });
});

describe('valueTable', () => {
  it('gives what the bytes are normalised to, from a position on', () => {
    const table = Float32Array.from({ length: 3 * 256 }, (_, at) => at * 0.37 - 11);
    fc.assert(
      fc.property(byte, byte, byte, fc.nat(5), (y, cb, cr, at) => {
        const out = new Float32Array(at + 3);
        writePixels(pixel(y, cb, cr), out, at, valueTable(table));
        const wanted = convert(y, cb, cr).map((value, channel) => table[channel * 256 + value]);
        expect([...out]).toEqual([...new Array(at).fill(0), ...wanted]);
      }),
    );
  });
});
