import type { Augmentation, MaskedPicture } from '../augmentation.ts';
import { IDENTITY } from '../geometry/affine.ts';
import { BLACK } from '../render/passes.ts';
import { flipped, render } from '../render/render.ts';
import type { DatasetIndex } from '../wire.ts';
import { tinted } from './color.ts';
import { draw } from './drawing.ts';
import { movedLabels } from './labels.ts';
import { type AugmentationOptions, number, spelledOut } from './options.ts';
import { gathered, type Placement, placed } from './placement.ts';

/**
 * Makes an augmentation: random crop, scale, rotation, flip and colour, in this order, of pictures, masks and every kind of
 * label by one map. The size of a picture stays. What is drawn is told by `draw`; the labels follow as in `movedLabels`.
 *
 * Colours change first, so that fill keeps its own; then the picture is sampled once, antialiased where it shrinks, as the
 * pipeline's own turns are (docs/geometry.md). Masks are gathered.
 *
 *     const varied = augmentation({ flip: { horizontal: 0.5 }, rotate: 10, color: { brightness: 0.2 } }, index);
 *
 * @param index the dataset's: a flip exchanges the left and right keypoints that it pairs
 * @throws DataprepError (`usage`) for an option that leaves its bounds
 */
export function augmentation(options: AugmentationOptions, index: Pick<DatasetIndex, 'keypoints'>): Augmentation {
  const drawn = spelledOut(options);
  const rules = {
    pairs: index.keypoints?.pairs ?? [],
    minVisible: number('minVisible', options.minVisible ?? 0, [0, 1]),
  };
  const maskFill = number('maskFill', options.maskFill ?? 0, [0, 255]);
  const { filter = 'bilinear', fill = BLACK.color } = options;
  return {
    apply(sample, picture, words) {
      const { affine, tint } = draw(drawn, picture, words);
      const colored = tint ? tinted(picture, tint) : picture;
      if (affine.every((value, at) => value === IDENTITY[at])) return { sample, picture: colored };
      const { width, height } = picture;
      const placement = placed({ width, height }, affine);
      const kind = 'warp' as const;
      const moved =
        mirrored(colored, placement) ??
        render(colored, [{ kind, affine, output: placement.size, filter, color: fill }]);
      const varied: MaskedPicture = { rgb: moved.rgb, width, height };
      if (picture.mask) varied.mask = gathered(placement, picture.mask, maskFill);
      return { sample: movedLabels(sample, placement, rules), picture: varied };
    },
  };
}

/** The picture under a map that is a flip and no more, many times as fast as by sampling, and equal to it. */
function mirrored(picture: MaskedPicture, { affine: [a, b, c, d, e, f], size }: Placement) {
  if (b !== 0 || d !== 0 || Math.abs(a) !== 1 || Math.abs(e) !== 1) return null;
  if (c !== (a < 0 ? size.width : 0) || f !== (e < 0 ? size.height : 0)) return null;
  return flipped(picture, a < 0, e < 0);
}
