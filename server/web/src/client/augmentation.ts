import type { Mask } from './decode/mask.ts';
import type { Picture } from './decode/path.ts';
import type { Sample } from './wire.ts';

/** A sample's picture and, where it has one, its mask: the class index of every pixel of the picture, row-major. */
export type MaskedPicture = Picture & { mask?: Mask };

/** A sample as a training step sees it: labels in pixels of the picture beside them. */
export interface Augmented {
  sample: Sample;
  picture: MaskedPicture;
}

/** Varies samples at training time: pixels and every kind of label by one map. */
export interface Augmentation {
  /**
   * One variation of a sample. What it is given is not changed.
   *
   * @param words what chance decides by; see {@link seededWords}. It takes as many as it needs: give each sample its own
   */
  apply(sample: Sample, picture: MaskedPicture, words: () => number): Augmented;
  /**
   * What `apply` makes of samples with the words of (seed, epoch, key), in workers, which take the pictures' memory along:
   * their arrays are empty afterwards. Where an augmentation has no such function, `apply` is called, on the thread that
   * reads.
   *
   * @returns null when the workers broke down and the pictures went with them: decode them once more, for `apply`
   */
  applyAside?(samples: readonly Augmented[], seed: number, epoch: number): Promise<Augmented[] | null>;
}
