import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { DatasetIndex, Keypoint, Sample } from '../wire.ts';
import { boxTargets } from './boxes.ts';
import { classTargets, tagTargets } from './classes.ts';
import { keypointTargets } from './keypoints.ts';
import type { Labelled } from './labelled.ts';
import { maskTargets } from './mask.ts';
import { mapTargets } from './numbers.ts';
import { taskCollate } from './task.ts';

const labelled = (labels: Partial<Sample>): Labelled => ({
  sample: {
    key: 'a.jpg',
    offset: 0,
    length: 1,
    sha256: '0'.repeat(64),
    size: [1, 1],
    image_size: [200, 50],
    affine: [1, 0, 0, 0, 1, 0],
    ...labels,
  },
});
const indexOf = (more: Partial<DatasetIndex>): DatasetIndex => ({
  format: 1,
  name: 'some',
  digest: '',
  labels: [],
  classes: ['a', 'b', 'c', 'd', 'e'],
  keypoints: { names: ['l', 'r'], pairs: [] },
  image: { format: 'png', media_type: 'image/png', width: 200, height: 50 },
  normalize: { scale: [1, 1, 1], offset: [0, 0, 0] },
  splits: {},
  shards: [],
  golden: [],
  ...more,
});
const index = indexOf({});

describe('classes', () => {
  it('has a single one a row, at the class', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(4), { minLength: 1 }), (ids) => {
        const { values, shape } = classTargets(
          ids.map((id) => labelled({ class: id })),
          index,
        ).class;
        expect(shape).toEqual([ids.length, 5]);
        for (const [row, id] of ids.entries()) {
          const hot = [...values.slice(row * 5, row * 5 + 5)];
          expect(hot.indexOf(1)).toBe(id);
          expect(hot.filter((v) => v === 0)).toHaveLength(4);
        }
      }),
    );
  });

  it('has a one for each tag', () => {
    const { values } = tagTargets([labelled({ tags: [0, 4] }), labelled({ tags: [] })], index).tags;
    expect([...values]).toEqual([1, 0, 0, 0, 1, 0, 0, 0, 0, 0]);
  });

  it('names the sample that has none, or one that is not in the list', () => {
    expect(() => classTargets([labelled({})], index)).toThrow('a.jpg: wanted a class, found none');
    expect(() => classTargets([labelled({ class: 5 })], index)).toThrow('a.jpg: wanted a class below 5, found 5');
    expect(() => tagTargets([labelled({})], index)).toThrow('a.jpg: wanted tags, found none');
  });
});

describe('keypoints', () => {
  it('divides x by the width and y by the height, of the first instance', () => {
    const first: Keypoint[] = [
      [20, 10, 2],
      [200, 50, 1],
    ];
    const { keypoints, keypointMask } = keypointTargets([labelled({ keypoints: [first, [[1, 1, 2]]] })], index);
    expect(keypoints.shape).toEqual([1, 4]);
    expect([...keypoints.values]).toEqual([Math.fround(0.1), Math.fround(0.2), 1, 1]);
    expect([...keypointMask.values]).toEqual([1, 1, 1, 1]);
  });

  it('masks a point that is not labelled, whatever stands in its place', () => {
    const points: Keypoint[] = [
      [20, 10, 0],
      [20, 10, 1],
    ];
    const { keypoints, keypointMask } = keypointTargets([labelled({ keypoints: [points] })], index);
    expect([...keypoints.values]).toEqual([0, 0, Math.fround(0.1), Math.fround(0.2)]);
    expect([...keypointMask.values]).toEqual([0, 0, 1, 1]);
  });

  it('names the sample that has none, or another number of them', () => {
    expect(() => keypointTargets([labelled({})], index)).toThrow('a.jpg: wanted 2 keypoints, found none');
    expect(() => keypointTargets([labelled({ keypoints: [[[0, 0, 0]]] })], index)).toThrow(
      'wanted 2 keypoints, found 1',
    );
  });
});

describe('boxes', () => {
  const two = labelled({
    boxes: [
      [20, 10, 40, 50],
      [0, 0, 200, 25],
    ],
    box_classes: [3, -1],
    box_flags: [1, 6],
  });

  it('has as many rows as the fullest sample, the class of the empty ones -1', () => {
    const { boxes, boxCounts } = boxTargets([labelled({ boxes: [] }), two], undefined);
    expect(boxes.shape).toEqual([2, 2, 6]);
    expect([...boxes.values]).toEqual(
      [0, 0, 0, 0, -1, 0, 0, 0, 0, 0, -1, 0, 0.1, 0.2, 0.2, 1, 3, 1, 0, 0, 1, 0.5, -1, 6].map(Math.fround),
    );
    expect(boxCounts).toEqual({ values: Int32Array.of(0, 2), shape: [2] });
  });

  it('has a row even where no sample has a box, and all that are asked for', () => {
    expect(boxTargets([labelled({ boxes: [] })], undefined).boxes.shape).toEqual([1, 1, 6]);
    expect(boxTargets([two], 7).boxes.shape).toEqual([1, 7, 6]);
  });

  it('loses no box, and makes up none', () => {
    expect(() => boxTargets([two], 1)).toThrow('a.jpg: wanted at most 1 boxes (maxBoxes), found 2');
    expect(() => boxTargets([labelled({})], undefined)).toThrow('a.jpg: wanted boxes, found none');
  });
});

describe('mask', () => {
  it('has the class index of every pixel', () => {
    const one = { ...labelled({ image_size: [3, 2] }), mask: Uint8Array.of(0, 1, 2, 3, 4, 255) };
    expect(maskTargets([one]).mask).toEqual({ values: Int32Array.of(0, 1, 2, 3, 4, 255), shape: [1, 2, 3] });
    expect(() => maskTargets([labelled({})])).toThrow('a.jpg: wanted a mask, found none');
  });
});

describe('taskCollate', () => {
  const one = labelled({ class: 1, tags: [2], boxes: [] });
  const ysOf = (labels: DatasetIndex['labels'], task: Parameters<typeof taskCollate>[1]) =>
    mapTargets(taskCollate(indexOf({ labels }), task, undefined).collate([one]), ({ shape }) => shape);

  it('gives one where a task makes one, else all by name', () => {
    expect(ysOf(['class', 'tags'], 'tags')).toEqual([1, 5]);
    expect(ysOf(['class', 'tags'], ['class', 'tags'])).toEqual({ class: [1, 5], tags: [1, 5] });
    expect(ysOf(['boxes'], 'boxes')).toEqual({ boxes: [1, 1, 6], boxCounts: [1] });
    expect(ysOf(['class'], null)).toBeNull();
  });

  it('chooses the first that the dataset has', () => {
    expect(ysOf(['boxes', 'tags', 'values'], undefined)).toEqual([1, 5]);
    expect(ysOf(['values', 'polygons'], undefined)).toBeNull();
  });

  it('refuses what the dataset lacks, and what is no task', () => {
    expect(() => ysOf(['class'], ['class', 'mask'])).toThrow('wanted one or several of class, found mask');
    expect(() => ysOf(['values'], 'values' as 'class')).toThrow('wanted one or several of none, found values');
  });
});
