import type { Cursor } from './cursor.ts';
import { type BatchOptions, badOption } from './options.ts';
import type { OrderKind } from './order.ts';
import { type Decoding, entryMask } from './picture-decoder.ts';
import type { Entry } from './reader.ts';
import { type SamplePixels, samplePixels, type Variation } from './sample-pixels.ts';
import type { Collate, Labelled } from './targets/labelled.ts';
import type { NumberArray, Targets } from './targets/numbers.ts';
import { taskCollate } from './targets/task.ts';
import { normalizationTable, normalizeInto } from './tensors.ts';
import type { DatasetIndex, ImageSpec, Sample } from './wire.ts';

/** What a training step takes. */
export interface BatchOf<T> {
  /** [n, height, width, 3] float32, RGB, normalised as the index says. */
  xs: T;
  /** As the task or `collate` makes it: one, several by name, or null. */
  ys: Targets<T>;
  keys: string[];
  /** As augmented. */
  samples: Sample[];
  /** Whether this epoch was shuffled as a whole (`full`), in windows of shards (`window`), or not (`stored`). */
  order: OrderKind;
  /** Goes on behind this batch: `batches({ cursor })`. Plain JSON. */
  cursor: Cursor;
}

/** A batch as typed arrays: for a worker, or for a trainer without tfjs. */
export interface ArrayBatch extends BatchOf<NumberArray> {
  xs: NumberArray<Float32Array>;
}

/** What a batch is made of, decoded. */
export type BatchContents = Pick<ArrayBatch, 'xs' | 'ys' | 'keys' | 'samples'>;

/** Before `ys` are made. */
interface Undressed {
  xs: NumberArray<Float32Array>;
  labelled: readonly Labelled[];
}

/** Turns groups of entries into batches of one task. */
export class BatchMaker {
  readonly #collate: Collate;
  readonly #masked: boolean;
  readonly #table: Float32Array;
  readonly #image: ImageSpec;

  /** @throws DataprepError (`usage`) when the dataset has no such labels, or its images have no one size */
  constructor(index: DatasetIndex, { task, maxBoxes, collate, augment }: BatchOptions) {
    const made = collate ? { collate, masked: true } : taskCollate(index, task, maxBoxes);
    this.#collate = made.collate;
    this.#masked = made.masked;
    this.#table = normalizationTable(index.normalize);
    this.#image = index.image;
    const { width, height } = index.image;
    if (!augment && (width === null || height === null))
      throw unlike(`batches() of ${index.name}`, 'that differ in size');
  }

  /** Decodes, augments and normalises; makes no tensor, so a batch made ahead and never taken leaves none behind. */
  async prepare(entries: readonly Entry[], decoding: Decoding, variation: Variation): Promise<BatchContents> {
    const { xs, labelled } = variation.augment
      ? this.#normalized(await samplePixels(entries, decoding, variation))
      : await this.#decoded(entries, decoding);
    const samples = labelled.map(({ sample }) => sample);
    return { xs, ys: this.#collate(labelled), keys: samples.map(({ key }) => key), samples };
  }

  /** Bytes of the values of a batch of n; augmented ones may come in any size. */
  bytes(n: number): number {
    const { width, height } = this.#image;
    return width && height ? n * width * height * 3 * Float32Array.BYTES_PER_ELEMENT : Number.POSITIVE_INFINITY;
  }

  /** As stored: the pixels become values where they are decoded. */
  async #decoded(entries: readonly Entry[], decoding: Decoding): Promise<Undressed> {
    const [values, masks] = await Promise.all([
      decoding.values(entries, this.#table),
      Promise.all(this.#masked ? entries.map(entryMask) : []),
    ]);
    const labelled = entries.map(({ sample }, at) => {
      const mask = masks[at];
      return { sample, ...(mask && { mask }) };
    });
    const { width, height } = this.#image;
    return { xs: { values, shape: [entries.length, height ?? 0, width ?? 0, 3] }, labelled };
  }

  #normalized(pictures: readonly SamplePixels[]): Undressed {
    const { width = 0, height = 0, rgb } = pictures[0] ?? {};
    const size = rgb?.length ?? 0;
    const values = new Float32Array(pictures.length * size);
    for (const [position, { sample, ...picture }] of pictures.entries()) {
      if (picture.width !== width || picture.height !== height) {
        throw unlike(sample.key, `${picture.width} x ${picture.height} beside ${width} x ${height}`);
      }
      normalizeInto(values, position * size, picture.rgb, this.#table);
    }
    return { xs: { values, shape: [pictures.length, height, width, 3] }, labelled: pictures };
  }
}

function unlike(place: string, found: string): Error {
  const wanted = 'images of one size';
  return badOption(place, wanted, found, 'Add a resize to the manifest, or use pixels().');
}
