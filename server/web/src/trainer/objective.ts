import * as tf from '@tensorflow/tfjs';
import type { Goal, Subject } from './goal.ts';

/** A loss, and the figure that people read beside it; both scalars over a batch. */
export interface Objective {
  figure: string;
  /** Whether more of the figure is better. */
  more: boolean;
  loss(outputs: tf.Tensor2D, goal: Goal): tf.Scalar;
  measure(outputs: tf.Tensor2D, goal: Goal): tf.Scalar;
}

const classes: Objective = {
  figure: 'accuracy',
  more: true,
  loss: (outputs, { ys }) => tf.losses.softmaxCrossEntropy(ys, outputs) as tf.Scalar,
  measure: (outputs, { ys }) => outputs.argMax(1).equal(ys.argMax(1)).mean() as tf.Scalar,
};

/** How far outputs are off where the goal says something, 0 elsewhere; and in how many numbers it does. */
function offsets(outputs: tf.Tensor2D, { ys, mask }: Goal): { off: tf.Tensor2D; told: tf.Scalar } {
  const off = outputs.sub(ys) as tf.Tensor2D;
  if (!mask) return { off, told: tf.scalar(ys.size) };
  return { off: off.mul(mask), told: mask.sum().maximum(1) as tf.Scalar };
}

/**
 * Keypoints that are not labelled count for nothing. The figure is the mean distance between a keypoint and where the
 * model puts it, in pixels of the stored image.
 */
function keypoints(width: number, height: number): Objective {
  return {
    figure: 'distance, px',
    more: false,
    loss: (outputs, goal) => {
      const { off, told } = offsets(outputs, goal);
      return off.square().sum().div(told) as tf.Scalar;
    },
    measure: (outputs, goal) => {
      const { off, told } = offsets(outputs, goal);
      const [n, columns] = off.shape;
      const pixels = off.reshape([n, columns / 2, 2]).mul(tf.tensor1d([width, height]));
      // A keypoint is two numbers.
      return pixels.square().sum(2).sqrt().sum().div(told.div(2)) as tf.Scalar;
    },
  };
}

/** What to minimise for a task. */
export function objectiveOf(task: Subject, width: number, height: number): Objective {
  return task === 'class' ? classes : keypoints(width, height);
}
