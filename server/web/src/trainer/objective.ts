import * as tf from '@tensorflow/tfjs';
import type { Task } from '../client/client.ts';

/** A loss, and the figure that people read beside it; both scalars over a batch. */
export interface Objective {
  figure: string;
  /** Whether more of the figure is better. */
  more: boolean;
  loss(outputs: tf.Tensor2D, ys: tf.Tensor2D): tf.Scalar;
  measure(outputs: tf.Tensor2D, ys: tf.Tensor2D): tf.Scalar;
}

const classes: Objective = {
  figure: 'accuracy',
  more: true,
  loss: (outputs, ys) => tf.losses.softmaxCrossEntropy(ys, outputs) as tf.Scalar,
  measure: (outputs, ys) => outputs.argMax(1).equal(ys.argMax(1)).mean() as tf.Scalar,
};

/** The figure is the mean distance between a keypoint and where the model puts it, in pixels of the stored image. */
function keypoints(width: number, height: number): Objective {
  return {
    figure: 'distance, px',
    more: false,
    loss: (outputs, ys) => tf.losses.meanSquaredError(ys, outputs) as tf.Scalar,
    measure: (outputs, ys) => {
      const [n, columns] = ys.shape;
      const offsets = outputs
        .sub(ys)
        .reshape([n, columns / 2, 2])
        .mul(tf.tensor1d([width, height]));
      return offsets.square().sum(2).sqrt().mean() as tf.Scalar;
    },
  };
}

/** What to minimise for a task. */
export function objectiveOf(task: Task, width: number, height: number): Objective {
  return task === 'class' ? classes : keypoints(width, height);
}
