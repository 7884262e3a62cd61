import type { Tensor2D, Tensor4D } from '@tensorflow/tfjs';
import { DataprepError } from './complaint.ts';
import type { Mask } from './decode/mask.ts';
import type { Picture } from './decode/path.ts';
import type { OrderKind } from './order.ts';
import type { Decoding } from './picture-decoder.ts';
import type { Entry, SampleFilter } from './reader.ts';
import {
  checkTask,
  classTargets,
  keypointTargets,
  normalizationTable,
  type Targets,
  type Task,
  type TensorFactory,
} from './tensors.ts';
import type { DatasetIndex, Sample } from './wire.ts';

/** Which samples an epoch reads, and in which order. */
export interface EpochOptions {
  split: string;
  /** Pixels: false when not given. Batches: true when not given. */
  shuffle?: boolean;
  /** Whole number below 2^32; 0 when not given. The same (seed, epoch) gives the same order everywhere. */
  seed?: number;
  /** Whole number below 2^32; 0 when not given. Count it up to shuffle anew. */
  epoch?: number;
  /** Only the first n samples of the split in stored order, e.g. to overfit a few first. */
  take?: number;
  /** Leaves out the samples for which it gives false, after the order was made. */
  where?: SampleFilter;
}

/** Epoch options, and what makes a batch. */
export interface BatchOptions extends EpochOptions {
  batchSize: number;
  /** `null` for images alone. When not given: class if the dataset has it, else keypoints, else null. */
  task?: Task | null;
}

/** A sample with its decoded picture: `rgb` is height x width x 3 uint8, row-major. */
export interface SamplePixels extends Picture {
  sample: Sample;
  /** Where the sample has a mask: the class index of every pixel, height x width uint8, row-major. */
  mask?: Mask;
}

/**
 * What a training step takes.
 *
 * The consumer owns `xs` and `ys`, and disposes both.
 */
export interface Batch {
  /** [n, height, width, 3] float32, RGB, normalised as the index says. */
  xs: Tensor4D;
  /** [n, classes] one-hot, or [n, 2 keypoints] in shares of width and height, or null. */
  ys: Tensor2D | null;
  keys: string[];
  samples: Sample[];
  /** Whether this epoch was shuffled as a whole (`full`), in windows of shards (`window`), or not (`stored`). */
  order: OrderKind;
}

/** A batch before its tensors are made. */
export interface PreparedBatch {
  xs: Float32Array;
  ys: Targets | null;
  samples: Sample[];
}

/** Turns groups of pictures into batches of one fixed size and task. */
export class BatchMaker {
  readonly #tf: TensorFactory;
  readonly #index: DatasetIndex;
  readonly #task: Task | null;
  readonly #table: Float32Array;
  readonly #width: number;
  readonly #height: number;

  /** @throws DataprepError (`usage`) when the dataset has no such labels, or its images have no one size */
  constructor(tf: TensorFactory, index: DatasetIndex, task: Task | null) {
    if (task) checkTask(index, task);
    const { width, height } = index.image;
    if (width === null || height === null) {
      throw new DataprepError('usage', {
        place: `batches() of ${index.name}`,
        wanted: 'images of one size, to make one tensor of a batch',
        found: 'images that differ in size',
        next: 'Add a resize to the manifest, or use pixels() and make tensors of your own.',
      });
    }
    this.#tf = tf;
    this.#index = index;
    this.#task = task;
    this.#table = normalizationTable(index.normalize);
    this.#width = width;
    this.#height = height;
  }

  /** Decodes and normalises; makes no tensor, so a batch made ahead and never taken leaves nothing to dispose. */
  async prepare(group: readonly Entry[], decoding: Decoding): Promise<PreparedBatch> {
    const samples = group.map((entry) => entry.sample);
    const ys = this.#targets(samples);
    return { xs: await decoding.values(group, this.#table), ys, samples };
  }

  /** Bytes of the values of a batch of n. */
  bytes(n: number): number {
    return n * this.#width * this.#height * 3 * Float32Array.BYTES_PER_ELEMENT;
  }

  #targets(samples: readonly Sample[]): Targets | null {
    if (this.#task === 'class') return classTargets(samples, this.#index.classes);
    if (this.#task === null) return null;
    return keypointTargets(samples, this.#index.keypoints?.names ?? []);
  }

  /** The tensors of a prepared batch. */
  finish({ xs, ys, samples }: PreparedBatch, order: OrderKind): Batch {
    const n = samples.length;
    return {
      xs: this.#tf.tensor4d(xs, [n, this.#height, this.#width, 3]),
      ys: ys && this.#tf.tensor2d(ys.values, [n, ys.columns]),
      keys: samples.map((sample) => sample.key),
      samples,
      order,
    };
  }
}
