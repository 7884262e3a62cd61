import * as tf from '@tensorflow/tfjs';
import type { Batch, Task } from '../client/client.ts';

/** What this page trains on. */
export type Subject = Extract<Task, 'class' | 'keypoints'>;

/** What a batch's outputs should be: [n, outputs]. */
export interface Goal {
  ys: tf.Tensor2D;
  /** 1 where `ys` says something, 0 at keypoints that are not labelled; null where it always does. */
  mask: tf.Tensor2D | null;
}

/** The goal of a batch of one of our subjects; its tensors are the batch's. */
export function goalOf({ ys }: Batch): Goal {
  if (ys instanceof tf.Tensor) return { ys: ys as tf.Tensor2D, mask: null };
  if (ys?.keypoints)
    return { ys: ys.keypoints as tf.Tensor2D, mask: (ys.keypointMask as tf.Tensor2D | undefined) ?? null };
  throw new Error('a batch without targets: the trainer always names a task');
}

/** Disposes all tensors of a batch. */
export function disposeBatch({ xs, ys }: Batch): void {
  tf.dispose(ys ? [xs, ys] : xs);
}
