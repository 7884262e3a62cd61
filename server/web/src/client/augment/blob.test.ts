import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Picture } from '../decode/path.ts';
import { seededWords } from '../random.ts';
import type { Keypoint, Sample } from '../wire.ts';
import type { AugmentationOptions } from './options.ts';
import { augmentation } from './varied.ts';

const SIDE = 96;
const INDEX = { keypoints: null };

/** A Gaussian drawn on black by the value at every pixel's centre. */
function blob(x: number, y: number, sigma: number): Picture {
  const rgb = new Uint8Array(SIDE * SIDE * 3);
  for (let row = 0; row < SIDE; row++) {
    for (let column = 0; column < SIDE; column++) {
      const distance = (column + 0.5 - x) ** 2 + (row + 0.5 - y) ** 2;
      rgb.fill(
        Math.round(255 * Math.exp(-distance / (2 * sigma ** 2))),
        (row * SIDE + column) * 3,
        (row * SIDE + column) * 3 + 3,
      );
    }
  }
  return { rgb, width: SIDE, height: SIDE };
}

function centroid({ rgb, width }: Picture): [number, number] {
  let [sum, x, y] = [0, 0, 0];
  for (let at = 0; at < rgb.length; at += 3) {
    const level = rgb[at] as number;
    sum += level;
    x += level * (((at / 3) % width) + 0.5);
    y += level * (Math.floor(at / 3 / width) + 0.5);
  }
  return [x / sum, y / sum];
}

function sampleAt(x: number, y: number): Sample {
  return {
    key: 'blob',
    sha256: '',
    size: [SIDE, SIDE],
    affine: [1, 0, 0, 0, 1, 0],
    image_size: [SIDE, SIDE],
    keypoints: [[[x, y, 2]]],
    offset: 0,
    length: 0,
  };
}

const options: fc.Arbitrary<AugmentationOptions> = fc.record(
  {
    crop: fc.constant({ area: [0.6, 1], aspect: [0.8, 1.25] } as const),
    scale: fc.constant([0.7, 1.3] as const),
    rotate: fc.constant(180),
    flip: fc.constant({ horizontal: 0.5, vertical: 0.5 }),
    filter: fc.constantFrom('bilinear' as const, 'bicubic' as const),
  },
  { requiredKeys: [] },
);
const place = fc.double({ min: 40, max: 56, noNaN: true });

describe('a blob under an augmentation', () => {
  it('goes where its keypoint goes, to 0.05 px', () => {
    fc.assert(
      fc.property(options, place, place, fc.integer({ min: 0, max: 2 ** 32 - 1 }), (given, x, y, seed) => {
        const made = augmentation(given, INDEX);
        const { sample, picture } = made.apply(sampleAt(x, y), blob(x, y, 3.5), seededWords(seed, 0, 'blob'));
        const [px, py] = (sample.keypoints as [[Keypoint]])[0][0];
        fc.pre(Math.min(px, py) > 20 && Math.max(px, py) < SIDE - 20);
        const [cx, cy] = centroid(picture);
        expect(Math.hypot(cx - px, cy - py)).toBeLessThan(0.05);
      }),
      { numRuns: 60 },
    );
  });

  it('keeps its place, in other colours', () => {
    const given = { color: { brightness: [0.5, 0.5], contrast: [1, 1], saturation: [0, 0] } } as const;
    const picture = { rgb: Uint8Array.of(200, 100, 0, 255, 255, 255), width: 2, height: 1 };
    const made = augmentation(given, INDEX).apply(sampleAt(1, 1), picture, seededWords(0, 0, 'a'));
    // 0.5 (0.299 * 200 + 0.587 * 100) = 59.25.
    expect([...made.picture.rgb]).toEqual([59, 59, 59, 128, 128, 128]);
    expect(made.sample).toEqual(sampleAt(1, 1));
  });
});

describe('options', () => {
  it.each([
    [{ crop: { area: [0, 1] } }, /crop.area/],
    [{ scale: [2, 1] }, /scale.*2, 1/],
    [{ rotate: [0, 400] }, /rotate.*-360/],
    [{ flip: { horizontal: 1.5 } }, /flip.horizontal.*1.5/],
    [{ color: { brightness: 1.5 } }, /color.brightness/],
    [{ color: { contrast: [Number.NaN, 1] } }, /color.contrast/],
    [{ maskFill: 256 }, /maskFill/],
    [{ minVisible: -1 }, /minVisible/],
  ] as [AugmentationOptions, RegExp][])('%j are refused', (given, words) => {
    expect(() => augmentation(given, INDEX)).toThrow(words);
  });
});
