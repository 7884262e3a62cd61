import { describe, expect, it } from 'vitest';
import { checkIndex, checkShard, withoutPoints } from './check.ts';
import { classTargets } from './targets/classes.ts';
import type { DatasetIndex, ShardReference } from './wire.ts';

const hex = (digit: string): string => digit.repeat(64);
const shard: ShardReference = {
  id: 'train-0',
  split: 'train',
  count: 1,
  images: { sha256: hex('a'), bytes: 10 },
  labels: { sha256: hex('b'), bytes: 20 },
};
const index: DatasetIndex = {
  format: 1,
  name: 'faces',
  digest: hex('0'),
  labels: ['class'],
  classes: ['happy'],
  keypoints: null,
  image: { format: 'jpeg', media_type: 'image/jpeg', subsampling: '4:2:0', width: 8, height: 8 },
  normalize: { scale: [1, 1, 1], offset: [0, 0, 0] },
  splits: { train: { samples: 1, images_bytes: 10, labels_bytes: 20 } },
  shards: [shard],
  golden: [{ key: 'a', split: 'train', sha256: hex('c'), rgb: hex('d') }],
};
const sample = {
  key: 'a',
  offset: 0,
  length: 10,
  sha256: hex('c'),
  size: [1, 1],
  image_size: [8, 8],
  affine: [1, 0, 0, 0, 1, 0],
};

describe('checkIndex', () => {
  it('takes a right one as it is', () => {
    expect(checkIndex(index, 'here')).toBe(index);
  });

  it.each([
    ['here format: wanted wire format 1, found 2', { format: 2 }],
    ['here digest: wanted 64 lower-case hex digits, found "x"', { digest: 'x' }],
    ['here normalize.scale: wanted three numbers', { normalize: { scale: [1], offset: [0, 0, 0] } }],
    ['here image.format: wanted jpeg, png, webp or raw, found "gif"', { image: { ...index.image, format: 'gif' } }],
    ['here image.subsampling: wanted 4:4:4 or 4:2:0, found 420', { image: { ...index.image, subsampling: 420 } }],
    ['here shard train-0 split: wanted one of train, found "val"', { shards: [{ ...shard, split: 'val' }] }],
    ['here shard train-0 count: wanted a whole number, found -1', { shards: [{ ...shard, count: -1 }] }],
    ['here golden rgb: wanted 64', { golden: [{ key: 'a', split: 'train', sha256: hex('c'), rgb: '' }] }],
  ])('says: %s', (message, change) => {
    expect(() => checkIndex({ ...index, ...change }, 'here')).toThrow(message);
  });

  it('says what it found instead of an object', () => {
    expect(() => checkIndex([], 'here')).toThrow('here: wanted an object, found []');
  });
});

describe('checkShard', () => {
  const of = (samples: unknown): unknown => ({ id: 'train-0', split: 'train', samples });

  it('takes a right one as it is', () => {
    expect(checkShard(of([sample]), shard, 'here').samples).toEqual([sample]);
  });

  it('takes every kind of label', () => {
    const whole = {
      ...sample,
      length: 6,
      mask: { length: 4, sha256: hex('e') },
      class: 0,
      tags: [0],
      boxes: [[0, 0, 1, 1]],
      box_classes: [-1],
      box_flags: [3],
      box_visible: [0.5],
      keypoints: [[[1, 1, 2]]],
      polygons: [[[0, 0, 1, 0, 1, 1]]],
      polygon_classes: [0],
      values: { age: 31.5 },
      attributes: { taken: 'outdoors' },
    };
    expect(checkShard(of([whole]), shard, 'here').samples).toEqual([whole]);
  });

  it.each([
    ['here samples: wanted 1 samples, found 0', []],
    ['here a: wanted bytes within the shard', [{ ...sample, length: 11 }]],
    ['here a image_size: wanted a list, found nothing', [{ ...sample, image_size: undefined }]],
    ['here a class: wanted a whole number, found "x"', [{ ...sample, class: 'x' }]],
    ['here a keypoints: wanted a list, found 1', [{ ...sample, keypoints: 1 }]],
    ['here a tags: wanted a list, found 1', [{ ...sample, tags: 1 }]],
    ['here a polygons: wanted a list, found "x"', [{ ...sample, polygons: 'x' }]],
    ['here a boxes: wanted a list, found nothing', [{ ...sample, box_flags: [1] }]],
    ['here a box_flags: wanted one for each of 1 boxes', [{ ...sample, boxes: [[0, 0, 1, 1]], box_flags: [1, 2] }]],
    ['here a polygon_classes: wanted one for each of 0 polygons', [{ ...sample, polygons: [], polygon_classes: [1] }]],
    ['here a values: wanted an object, found [1]', [{ ...sample, values: [1] }]],
    ['here a attributes: wanted an object, found "x"', [{ ...sample, attributes: 'x' }]],
    ['here a mask: wanted an object, found true', [{ ...sample, mask: true }]],
    ['here a mask.sha256: wanted 64', [{ ...sample, length: 1, mask: { length: 1, sha256: 'x' } }]],
    // The image alone would fit; its mask lies behind it.
    ["here a: wanted bytes within the shard's 10, found 11", [{ ...sample, mask: { length: 1, sha256: hex('e') } }]],
  ])('says: %s', (message, samples) => {
    expect(() => checkShard(of(samples), shard, 'here')).toThrow(message);
  });

  it('is not given the coordinates of keypoints, and everything else', () => {
    const keypoints = [
      [
        [1.5, 1e-3, 2],
        [0, -0.25, 0],
      ],
      [[3, 4, 1]],
    ];
    const rest = {
      ...sample,
      boxes: [[0, 0, 1, 1]],
      polygons: [[[0, 0, 1, 0, 1, 1]]],
      attributes: { keypoints: 'a "keypoints":[[[1,2]]] b', 'x"keypoints': '[[[3]]]' },
    };
    for (const each of [
      { ...rest, keypoints },
      { keypoints, ...rest },
      { ...rest, keypoints: [[]] },
    ]) {
      const short = withoutPoints(JSON.stringify(of([each, rest])));
      expect(JSON.parse(short)).toEqual(of([{ ...rest, keypoints: [] }, rest]));
    }
    for (const kept of [[], 1, 'x', null, {}]) {
      const text = JSON.stringify(of([{ ...rest, keypoints: kept }]));
      expect(withoutPoints(text)).toBe(text);
    }
  });

  it('leaves a missing class to the task that needs it', () => {
    const { samples } = checkShard(of([sample]), shard, 'here');
    const labelled = samples.map((sample) => ({ sample }));
    expect(() => classTargets(labelled, index)).toThrow('a: wanted a class');
  });
});
