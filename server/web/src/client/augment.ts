/**
 * dataprep-client/augment: variations of samples at training time, of pixels and labels by one map.
 */
export { type Augmentation, type Augmented, type MaskedPicture, sampleWords } from './augmentation.ts';
