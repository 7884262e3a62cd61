/**
 * dataprep-client/augment: variations of samples at training time, of pixels and labels by one map.
 *
 *     import { augmentation } from 'dataprep-client/augment'; // or from '/augment.js' of any dataprep server
 *
 *     const varied = augmentation({ crop: { area: [0.7, 1] }, flip: { horizontal: 0.5 }, rotate: 10 }, index);
 *     const { sample, picture } = varied.apply(stored.sample, stored, seededWords(seed, epoch, stored.sample.key));
 */
import { AugmentCrew } from './augment/crew.ts';
import type { AugmentationOptions } from './augment/options.ts';
import { augmentation as varying } from './augment/varied.ts';
import type { Augmentation, Augmented } from './augmentation.ts';
import { seededWords } from './random.ts';
import type { DatasetIndex } from './wire.ts';

export type {
  AugmentationOptions,
  ColorOptions,
  CropOptions,
  FlipOptions,
  Range,
} from './augment/options.ts';
export type { Augmentation, Augmented, MaskedPicture } from './augmentation.ts';
export { DataprepError } from './complaint.ts';
export { seededWords } from './random.ts';

const crew = new AugmentCrew();

/**
 * Makes an augmentation: random crop, scale, rotation, flip and colour, in this order, of pictures, masks and every kind
 * of label by one map. The size of a picture stays. `pixels`, `arrays` and `batches` have it done in workers.
 *
 *     const augment = augmentation({ flip: { horizontal: 0.5 }, rotate: 10, color: { brightness: 0.2 } }, index);
 *
 * @param index the dataset's: a flip exchanges the left and right keypoints that it pairs
 * @throws DataprepError (`usage`) for an option that leaves its bounds
 */
export function augmentation(options: AugmentationOptions, index: Pick<DatasetIndex, 'keypoints'>): Augmentation {
  const { apply } = varying(options, index);
  const settings: Parameters<typeof varying> = [options, { keypoints: index.keypoints }];
  return {
    apply,
    async applyAside(samples, seed, epoch) {
      const one = ({ sample, picture }: Augmented): Augmented =>
        apply(sample, picture, seededWords(seed, epoch, sample.key));
      const done = await crew.run({ settings, samples, seed, epoch });
      return done ?? (samples.every(({ picture }) => picture.rgb.length > 0) ? samples.map(one) : null);
    },
  };
}
