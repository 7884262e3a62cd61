import * as tf from '@tensorflow/tfjs';
import type { Subject } from './goal.ts';

/** A network in two shapes over the same weights. */
export interface Network {
  /** Gives what the loss wants: logits for classes, places for keypoints. */
  trained: tf.LayersModel;
  /** Gives what an application wants: probabilities for classes. This one is saved. */
  finished: tf.LayersModel;
  /** Frees the weights. */
  dispose(): void;
}

/** What a network is built for. */
export interface NetworkSpec {
  width: number;
  height: number;
  task: Subject;
  /** Classes, or two for each keypoint. */
  outputs: number;
  /** The same seed gives the same first weights. */
  seed: number;
}

/** Filters of the first convolution: few, because it runs over the largest picture. */
const FIRST = 8;

/** Filters of the separable blocks. */
const FILTERS = [24, 48, 96];

/** Below this many pixels on the shorter side a picture is not halved further. */
const SMALLEST = 7;

/** A small network of separable convolutions; the picture is halved after each. */
export function buildNetwork({ width, height, task, outputs, seed }: NetworkSpec): Network {
  let layer = 0;
  // Every layer gets a seed of its own: two layers of one shape must not start with the same weights.
  const initializer = (): ReturnType<typeof tf.initializers.glorotNormal> =>
    tf.initializers.glorotNormal({ seed: seed * 100 + ++layer });
  // A depthwise filter sums over its nine taps only, and no activation follows it: 1 / 9 keeps the signal as strong as
  // it was. Glorot counts the channels as well, and would let it die out within three blocks.
  const depthwise = (): ReturnType<typeof tf.initializers.randomNormal> =>
    tf.initializers.randomNormal({ mean: 0, stddev: 1 / 3, seed: seed * 100 + ++layer });
  const input = tf.input({ shape: [height, width, 3] });
  let at = tf.layers
    .conv2d({
      filters: FIRST,
      kernelSize: 3,
      strides: 2,
      padding: 'same',
      activation: 'relu',
      kernelInitializer: initializer(),
    })
    .apply(input) as tf.SymbolicTensor;
  let shorter = Math.ceil(Math.min(width, height) / 2);
  const halve = (): void => {
    if (shorter < 2 * SMALLEST) return;
    at = tf.layers.maxPooling2d({ poolSize: 2 }).apply(at) as tf.SymbolicTensor;
    shorter = Math.floor(shorter / 2);
  };
  for (const filters of FILTERS) {
    halve();
    const block = tf.layers.separableConv2d({
      filters,
      kernelSize: 3,
      padding: 'same',
      activation: 'relu',
      depthwiseInitializer: depthwise(),
      pointwiseInitializer: initializer(),
    });
    at = block.apply(at) as tf.SymbolicTensor;
  }
  at = (task === 'class' ? whatIsThere(at) : whereItIs(at, initializer)) as tf.SymbolicTensor;
  at = dense(64, initializer(), 'relu').apply(at) as tf.SymbolicTensor;
  // Places are shares of the picture: before anything is learnt, the middle is the best guess.
  at = dense(outputs, initializer(), 'linear', task === 'class' ? 0 : 0.5).apply(at) as tf.SymbolicTensor;
  const trained = tf.model({ inputs: input, outputs: at });
  const finished =
    task === 'class'
      ? tf.model({ inputs: input, outputs: tf.layers.softmax().apply(at) as tf.SymbolicTensor })
      : trained;
  // The two share their layers, and disposing a model disposes its layers: `finished` has them all.
  return { trained, finished, dispose: () => void finished.dispose() };
}

type Initializer = ReturnType<typeof tf.initializers.glorotNormal>;

/** Averages over the picture. */
function whatIsThere(at: tf.SymbolicTensor): unknown {
  return tf.layers.globalAveragePooling2d({}).apply(at);
}

/** Keeps all positions, of few channels: with all of them, one step would move every output too far. */
function whereItIs(at: tf.SymbolicTensor, initializer: () => Initializer): unknown {
  const few = tf.layers
    .conv2d({ filters: 16, kernelSize: 1, activation: 'relu', kernelInitializer: initializer() })
    .apply(at);
  return tf.layers.flatten().apply(few as tf.SymbolicTensor);
}

function dense(units: number, kernelInitializer: Initializer, activation: 'relu' | 'linear', bias = 0) {
  const biasInitializer = tf.initializers.constant({ value: bias });
  return tf.layers.dense({ units, activation, kernelInitializer, biasInitializer });
}
