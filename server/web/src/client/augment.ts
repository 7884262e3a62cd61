/**
 * dataprep-client/augment: variations of samples at training time, of pixels and labels by one map.
 *
 *     import { augmentation } from 'dataprep-client/augment'; // or from '/augment.js' of any dataprep server
 *
 *     const varied = augmentation({ crop: { area: [0.7, 1] }, flip: { horizontal: 0.5 }, rotate: 10 }, index);
 *     const { sample, picture } = varied.apply(stored.sample, stored, sampleWords(seed, epoch, stored.sample.key));
 */
export type {
  AugmentationOptions,
  ColorOptions,
  CropOptions,
  FlipOptions,
  Range,
} from './augment/options.ts';
export { augmentation } from './augment/varied.ts';
export { type Augmentation, type Augmented, type MaskedPicture, sampleWords } from './augmentation.ts';
export { DataprepError } from './complaint.ts';
