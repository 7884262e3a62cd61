import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeMask } from './mask.ts';

// 17 x 13, of the value (x y + 3 (x >> 2) + y y) mod 251, as Pillow writes it: rows of the filters Sub and Paeth.
const PILLOW =
  'iVBORw0KGgoAAAANSUhEUgAAABEAAAANCAAAAABqEtrGAAAAX0lEQVR4nF3DWwrDMAwEQMtaP2StI0IoPUBy/zP2p1DRgZFSStFcRESQQ2utLUdT1Z5jAH+ttTZzeO/dcuwxxsoRc07PcZoZc1xrrf0bGy93P74v9+fAm2SQjJO8ScYH92QGd0SZENcAAAAASUVORK5CYII=';
const pillow = Uint8Array.from(atob(PILLOW), (letter) => letter.charCodeAt(0));

function chunk(kind: string, body: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(body.length + 12);
  new DataView(bytes.buffer).setUint32(0, body.length);
  bytes.set(new TextEncoder().encode(kind), 4);
  bytes.set(body, 8);
  return bytes;
}

async function deflated(bytes: Uint8Array<ArrayBuffer>): Promise<Uint8Array<ArrayBuffer>> {
  const stream = new Blob([bytes]).stream().pipeThrough(new CompressionStream('deflate'));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

/** The five filters of the PNG specification, for pixels of one byte: what is taken off x, from left, above, corner. */
const GUESSES: ((a: number, b: number, c: number) => number)[] = [
  () => 0,
  (a) => a,
  (_, b) => b,
  (a, b) => Math.floor((a + b) / 2),
  (a, b, c) => [a, b, c].reduce((best, one) => (Math.abs(a + b - c - one) < Math.abs(a + b - c - best) ? one : best)),
];

/** A gray PNG with a filter for each row, its pixels in chunks of `cut` bytes. */
async function png(mask: Uint8Array, width: number, filters: readonly number[], cut: number, header = [8, 0, 0, 0, 0]) {
  const rows = filters.map((filter, y) => {
    const at = (x: number, row: number): number => (x < 0 || row < 0 ? 0 : (mask[row * width + x] as number));
    const guess = GUESSES[filter] as (typeof GUESSES)[number];
    const bytes = Array.from(
      { length: width },
      (_, x) => at(x, y) - guess(at(x - 1, y), at(x, y - 1), at(x - 1, y - 1)),
    );
    return [filter, ...bytes];
  });
  const size = new Uint8Array(13);
  new DataView(size.buffer).setUint32(0, width);
  new DataView(size.buffer).setUint32(4, filters.length);
  size.set(header, 8);
  const pixels = await deflated(Uint8Array.from(rows.flat()));
  const parts = [Uint8Array.of(137, 80, 78, 71, 13, 10, 26, 10), chunk('IHDR', size), chunk('tEXt', new Uint8Array(3))];
  for (let at = 0; at < pixels.length; at += cut) parts.push(chunk('IDAT', pixels.subarray(at, at + cut)));
  parts.push(chunk('IEND', new Uint8Array(0)));
  return Uint8Array.from(parts.flatMap((part) => [...part]));
}

describe('decodeMask', () => {
  it('reads what Pillow writes', async () => {
    const wanted = Array.from({ length: 17 * 13 }, (_, at) => {
      const [x, y] = [at % 17, Math.floor(at / 17)];
      return (x * y + 3 * (x >> 2) + y * y) % 251;
    });
    expect([...(await decodeMask(pillow, 17, 13))]).toEqual(wanted);
  });

  it('reads bytes that lie inside a shard', async () => {
    const shard = new Uint8Array(pillow.length + 9);
    shard.set(pillow, 5);
    const inside = shard.subarray(5, 5 + pillow.length);
    expect(await decodeMask(inside, 17, 13)).toEqual(await decodeMask(pillow, 17, 13));
  });

  it('gives every mask back, whatever the filters', async () => {
    const masks = fc
      .record({ width: fc.integer({ min: 1, max: 9 }), cut: fc.integer({ min: 5, max: 50 }) })
      .chain((of) =>
        fc.record({
          width: fc.constant(of.width),
          cut: fc.constant(of.cut),
          rows: fc.array(
            fc.tuple(
              fc.nat(4),
              fc.array(fc.oneof(fc.nat(255), fc.nat(3)), { minLength: of.width, maxLength: of.width }),
            ),
            { minLength: 1, maxLength: 7 },
          ),
        }),
      );
    await fc.assert(
      fc.asyncProperty(masks, async ({ width, cut, rows }) => {
        const mask = Uint8Array.from(rows.flatMap(([, row]) => row));
        const bytes = await png(
          mask,
          width,
          rows.map(([filter]) => filter),
          cut,
        );
        expect(await decodeMask(bytes, width, rows.length)).toEqual(mask);
      }),
    );
  });

  it('refuses what is no such PNG', async () => {
    const mask = Uint8Array.of(1, 2, 3, 4);
    await expect(decodeMask(pillow, 13, 17)).rejects.toThrow('13 x 17 pixels wanted, 17 x 13 found');
    await expect(decodeMask(Uint8Array.of(255, 216, 255), 1, 1)).rejects.toThrow('no PNG');
    for (const header of [
      [16, 0, 0, 0, 0],
      [8, 3, 0, 0, 0],
      [8, 0, 0, 0, 1],
    ]) {
      await expect(decodeMask(await png(mask, 2, [0, 0], 50, header), 2, 2)).rejects.toThrow('not of 8-bit gray');
    }
    await expect(decodeMask(pillow.subarray(0, 40), 17, 13)).rejects.toThrow('no header or no pixels');
    await expect(decodeMask(pillow.subarray(0, 90), 17, 13)).rejects.toThrow();
  });
});
