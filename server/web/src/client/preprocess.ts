/**
 * dataprep-client/preprocess: from an image file to what a model takes, and from what it gives back to the image.
 *
 *     import { preprocess } from 'dataprep-client/preprocess'; // or from '/preprocess.js' of any dataprep server
 *
 *     const contract = await (await fetch('/v1/datasets/faces/contract.json')).json();
 *     const input = await preprocess(file, contract, { tf });
 *     const landmarks = input.landmarksToSource(await model.predict(input.xs).data());
 */
export { DataprepError } from './complaint.ts';
export type { Picture } from './decode/path.ts';
export {
  boxesFromAnchors,
  boxesFromCenters,
  overlap,
  type SuppressionOptions,
  suppress,
} from './preprocess/boxes.ts';
export { preprocess, type Tensor4DFactory } from './preprocess/pipeline.ts';
export type { Preprocessed } from './preprocess/preprocessed.ts';
export type { ImageSource } from './preprocess/source.ts';
export type { Replay } from './preprocess/steps.ts';
export type { Affine, Box, Contract, Step } from './wire.ts';
