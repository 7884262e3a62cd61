/**
 * dataprep-client: sync a prepared image dataset into IndexedDB, and train from there.
 *
 *     import * as tf from '@tensorflow/tfjs';
 *     import { openDataset } from 'dataprep-client';
 *
 *     const faces = openDataset(location.origin, 'faces', { tf });
 *     await faces.sync({ onProgress: ({ bytesDone, bytesTotal }) => console.log(bytesDone / bytesTotal) });
 *     for await (const { xs, ys } of faces.batches({ split: 'train', batchSize: 32, epoch: 0 })) {
 *       await model.trainOnBatch(xs, ys);
 *       tf.dispose([xs, ys]);
 *     }
 */
import { datasetAddress } from './address.ts';
import { Dataset, type DatasetOptions } from './dataset.ts';

export type { Augmentation, Augmented, MaskedPicture } from './augmentation.ts';
export { type ComplaintCode, DataprepError } from './complaint.ts';
export type { Cursor } from './cursor.ts';
export type { Dataset, DatasetOptions } from './dataset.ts';
export type { Mask } from './decode/mask.ts';
export type { PathName, Picture } from './decode/path.ts';
export type { ArrayBatch, BatchOf } from './epoch.ts';
export type { BatchOptions, EpochOptions, ResumeOptions } from './options.ts';
export type { OrderKind, Shuffle } from './order.ts';
export type { Preflight } from './preflight.ts';
export type { SampleFilter } from './reader.ts';
export type { SamplePixels } from './sample-pixels.ts';
export type { DatasetStatus } from './status.ts';
export type { Subset } from './subset.ts';
export type { SyncOptions, SyncProgress, SyncResult } from './sync.ts';
export type { Collate, Labelled } from './targets/labelled.ts';
export type { NumberArray, Targets } from './targets/numbers.ts';
export type { Task } from './targets/task.ts';
export type { Batch, TensorFactory, TfDataset, TfElement } from './tensors.ts';
export type { TfDataOptions } from './tf-data.ts';
export type { StoredAs } from './vault.ts';
export type { DamagedFile, VerifyOptions, VerifyProgress, VerifyResult } from './verify.ts';
export type * from './wire.ts';

/**
 * Opens the dataset `name` of the server at `url`. Nothing is fetched or stored yet.
 *
 * @param url the server's root: absolute, or relative to the page
 * @throws DataprepError (`usage`) for a URL or a name that cannot be one
 */
export function openDataset(url: string, name: string, options: DatasetOptions = {}): Dataset {
  return new Dataset(datasetAddress(url, name, globalThis.location?.href), options);
}
