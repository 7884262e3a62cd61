import { describe, expect, it } from 'vitest';
import type { Contract, Step } from '../wire.ts';
import { preprocess } from './pipeline.ts';
import { composited } from './source.ts';

const SQUARE: Step = { name: 'square', parameters: { by: 'pad', align: 'center', fill: [9, 8, 7] } };
const RESIZE: Step = {
  name: 'resize',
  parameters: { size: [50, 50], mode: 'stretch', filter: 'area', fill: [0, 0, 0] },
};

function contract(steps: Step[] | null): Contract {
  return {
    format: 1,
    name: 'drawn',
    digest: '',
    input: { width: 50, height: 50, channels: 3, order: 'RGB', layout: 'NHWC', dtype: 'float32' },
    normalize: { scale: [0.5, 1, 2], offset: [0, -1, -2] },
    transforms: [],
    steps,
    background: steps && [9, 8, 7],
    classes: [],
    keypoints: null,
    golden: [],
  };
}

/** 200 x 100 of one colour: half of it in a square of 50, with bars of 12.5 above and below. */
const WIDE = { rgb: new Uint8Array(200 * 100 * 3).fill(100), width: 200, height: 100 };

describe('preprocess', () => {
  it('gives normalised values and the way back, worked by hand', async () => {
    const made = await preprocess(WIDE, contract([SQUARE, RESIZE]));
    const at = (x: number, y: number): number[] => [...made.values.subarray((y * 50 + x) * 3, (y * 50 + x) * 3 + 3)];
    expect(at(25, 25)).toEqual([50, 99, 198]);
    // The bars, in the same numbers.
    expect(at(0, 0)).toEqual([4.5, 7, 12]);
    expect(made.affine).toEqual([0.25, 0, 0, 0, 0.25, 12.5]);
    expect(made.source).toEqual({ width: 200, height: 100 });
    expect(made.pointToSource([25, 25])).toEqual([100, 50]);
    expect(made.pointToSource([0, 12.5])).toEqual([0, 0]);
    // From the bar above to the middle; and one in the bar alone.
    expect(made.boxToSource([10, 0, 20, 25])).toEqual([40, 0, 80, 50]);
    expect(made.boxToSource([10, 0, 20, 5])).toEqual([40, 0, 80, 0]);
    expect(made.landmarksToSource([0.5, 0.5, 1, 0.75])).toEqual([
      [100, 50],
      [200, 100],
    ]);
  });

  it('makes a tensor where it is given tfjs', async () => {
    const shapes: number[][] = [];
    const tensor4d = (values: Float32Array, shape: [number, number, number, number]) => {
      shapes.push([values.length, ...shape]);
      return 'a tensor' as never;
    };
    const { xs } = await preprocess(WIDE, contract([SQUARE, RESIZE]), { tf: { tensor4d } });
    expect([xs, shapes]).toEqual(['a tensor', [[7500, 1, 50, 50, 3]]]);
  });

  it.each([
    [[{ name: 'tile', parameters: {} }], {}, /step 0 \(tile\).*several pictures.*\{ from: 1 \}/],
    [[SQUARE, { name: 'align', parameters: {} }], {}, /step 1 \(align\).*labelled keypoints.*\{ from: 2 \}/],
    [[{ name: 'crop_to', parameters: { margin: 0 } }], {}, /step 0 \(crop_to\).*box.*found none.*\{ box/],
    [[{ name: 'crop_to', parameters: { margin: 0 } }], { box: [300, 0, 310, 9] }, /area in the image/],
    [[{ name: 'swirl', parameters: {} }], {}, /step 0 \(swirl\): wanted one of crop, .*found swirl/],
    [
      [{ name: 'crop', parameters: { x: 0, y: 0, size: [300, 9] } }],
      {},
      /found 200 x 100 pixels, which a crop of 300 x 9/,
    ],
    [
      [{ name: 'resize', parameters: { size: [50], filter: 'area' } }],
      {},
      /steps\[0\].size of contract.json.*two numbers/,
    ],
    [[SQUARE], {}, /50 x 50 pixels.*200 x 200 after the last step/],
    [null, {}, /contract.json of drawn.*steps/],
  ] as [Step[] | null, object, RegExp][])('refuses %j with %j', async (steps, options, words) => {
    await expect(preprocess(WIDE, contract(steps), options)).rejects.toThrow(words);
  });

  it('goes on behind a step that was done already', async () => {
    const square = { rgb: new Uint8Array(100 * 100 * 3), width: 100, height: 100 };
    const made = await preprocess(square, contract([{ name: 'align', parameters: {} }, RESIZE]), { from: 1 });
    expect(made.affine).toEqual([0.5, 0, 0, 0, 0.5, 0]);
  });
});

describe('transparent pixels', () => {
  it('let the background through, rounded as Pillow does', () => {
    const rgba = [255, 0, 10, 255, 255, 0, 10, 0, 255, 0, 10, 128, 3, 3, 3, 1];
    const { rgb } = composited(rgba, 4, 1, [9, 8, 200]);
    expect([...rgb]).toEqual([255, 0, 10, 9, 8, 200, 132, 4, 105, 9, 8, 199]);
  });
});
