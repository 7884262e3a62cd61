import type { Tensor4D } from '@tensorflow/tfjs';
import { DataprepError } from '../complaint.ts';
import type { Picture } from '../decode/path.ts';
import { render } from '../render/render.ts';
import { normalizationTable, normalizeInto } from '../tensors.ts';
import type { Affine, Contract } from '../wire.ts';
import { withoutColors } from './gray.ts';
import { Preprocessed } from './preprocessed.ts';
import { type ImageSource, pixelsOf } from './source.ts';
import { planned, type Replay } from './steps.ts';

/** The part of the tfjs namespace that `preprocess` calls. */
export interface Tensor4DFactory {
  tensor4d(values: Float32Array, shape: [number, number, number, number]): Tensor4D;
}

/**
 * What a model takes of an image: the tensor that the pipeline would have made from this file.
 *
 * The steps of the contract are replayed with the pipeline's own arithmetic; of random ones, what they do outside the train
 * split. What may differ is the decoder: see docs/inference.md.
 *
 *     const input = await preprocess(file, await (await fetch('contract.json')).json());
 *     const found = input.boxToSource(boxOf(await model.predict(tf.tensor(input.values, [1, 224, 224, 3]))));
 *
 * @throws DataprepError (`usage`) where the steps ask for more than the image, or don't fit it; (`decode`) where the browser
 *     does not decode it; (`wire`) where the contract has no steps, or some that this client does not know
 */
export function preprocess(image: ImageSource, contract: Contract, options?: Replay): Promise<Preprocessed>;
/** As above, and the tensor, [1, height, width, 3] float32; it is yours to dispose. */
export function preprocess(
  image: ImageSource,
  contract: Contract,
  options: Replay & { tf: Tensor4DFactory },
): Promise<Preprocessed & { xs: Tensor4D }>;
export async function preprocess(
  image: ImageSource,
  contract: Contract,
  options: Replay & { tf?: Tensor4DFactory } = {},
): Promise<Preprocessed & { xs?: Tensor4D }> {
  const { steps, background } = contract;
  if (!steps || !background) {
    throw new DataprepError('wire', {
      place: `contract.json of ${contract.name}`,
      wanted: 'the steps of the pipeline, with all their parameters',
      found: 'none: the server does not know those of the version that built the store',
      next: 'Serve the store with that version, or build it again with this one.',
    });
  }
  const source = await pixelsOf(image, background);
  const view = planned(source, steps, options);
  checkSize(contract, view.size.width, view.size.height);
  const picture = render(view.isGray ? withoutColors(source) : source, view.passes);
  const made = preprocessed(picture, source, view.affine, contract);
  if (!options.tf) return made;
  return Object.assign(made, { xs: options.tf.tensor4d(made.values, [1, picture.height, picture.width, 3]) });
}

function preprocessed(picture: Picture, { width, height }: Picture, affine: Affine, contract: Contract): Preprocessed {
  const values = new Float32Array(picture.rgb.length);
  normalizeInto(values, 0, picture.rgb, normalizationTable(contract.normalize));
  return new Preprocessed(values, picture, { width, height }, affine);
}

function checkSize({ input, name }: Contract, width: number, height: number): void {
  if ((input.width ?? width) === width && (input.height ?? height) === height) return;
  throw new DataprepError('usage', {
    place: `preprocess(image, the contract of ${name})`,
    wanted: `${input.width} x ${input.height} pixels, as the model takes them`,
    found: `${width} x ${height} after the last step`,
    next: 'Take the steps from the first one on, or cut the image as those before would have.',
  });
}
