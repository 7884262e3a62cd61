import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { seededWords } from '../random.ts';
import type { Sample } from '../wire.ts';
import type { AugmentationOptions } from './options.ts';
import { augmentation } from './varied.ts';

interface Stored {
  width: number;
  height: number;
  rgb: string;
}

/** Written by Python (tests/augment_vectors.py) from the pipeline's own geometry, labels and renderer. */
interface Vector {
  options: AugmentationOptions;
  pairs: [number, number][];
  seed: number;
  epoch: number;
  sample: Sample;
  image: Stored;
  mask: string | null;
  varied: Sample;
  rendered: Stored;
  gathered: string | null;
}

const file = new URL('../../../../../tests/vectors/augmentation.json', import.meta.url);
const { augmentations } = JSON.parse(readFileSync(file, 'utf8')) as { augmentations: Vector[] };

function bytes(base64: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(Buffer.from(base64, 'base64'));
}

function picture({ width, height, rgb }: Stored, mask: string | null) {
  return { width, height, rgb: bytes(rgb), ...(mask === null ? {} : { mask: bytes(mask) }) };
}

/** Equal but for numbers, which may differ by `slack`. */
function expectClose(found: unknown, wanted: unknown, slack: number, place: string): void {
  if (typeof wanted === 'number') {
    expect(Math.abs((found as number) - wanted), `${place}: ${found} for ${wanted}`).toBeLessThanOrEqual(slack);
  } else if (wanted !== null && typeof wanted === 'object') {
    expect(Object.keys(found as object).sort(), place).toEqual(Object.keys(wanted).sort());
    for (const [key, value] of Object.entries(wanted)) {
      expectClose((found as Record<string, unknown>)[key], value, slack, `${place}.${key}`);
    }
  } else {
    expect(found, place).toBe(wanted);
  }
}

const cases = augmentations.map((vector, at) => [at, Object.keys(vector.options).join(', '), vector] as const);

describe('an augmentation', () => {
  it.each(cases)('case %i moves pixels and labels as the pipeline does: %s', (_at, _names, vector) => {
    const given = picture(vector.image, vector.mask);
    const kept = structuredClone([vector.sample, given]);
    const made = augmentation(vector.options, { keypoints: { names: [], pairs: vector.pairs } });
    const { sample, picture: varied } = made.apply(
      vector.sample,
      given,
      seededWords(vector.seed, vector.epoch, vector.sample.key),
    );
    // Python's labels are rounded to 0.001 px.
    expectClose(sample, vector.varied, 0.000_501, 'sample');
    expect(varied).toEqual(picture(vector.rendered, vector.gathered));
    expect([vector.sample, given]).toEqual(kept);
  });
});
