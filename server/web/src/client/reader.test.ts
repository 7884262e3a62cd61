import { describe, expect, it } from 'vitest';
import { entryOf } from './reader.ts';
import type { Sample } from './wire.ts';

const sample: Sample = {
  key: 'a',
  sha256: '',
  size: [1, 1],
  image_size: [1, 1],
  affine: [1, 0, 0, 0, 1, 0],
  offset: 2,
  length: 3,
};
const shard = Uint8Array.of(0, 1, 2, 3, 4, 5, 6, 7);

describe('entryOf', () => {
  it('cuts the image, and its mask from behind it', () => {
    const { bytes, mask } = entryOf({ ...sample, mask: { length: 2, sha256: '' } }, shard);
    expect([[...bytes], [...(mask ?? [])]]).toEqual([
      [2, 3, 4],
      [5, 6],
    ]);
  });

  it('knows samples without a mask', () => {
    expect(entryOf(sample, shard).mask).toBeNull();
  });
});
