import * as tf from '@tensorflow/tfjs';
import type { Batch, Dataset, DatasetIndex } from '../client/client.ts';
import { element } from '../page/element.ts';
import { classChip } from '../page/palette.ts';
import { disposeBatch, goalOf, type Subject } from './goal.ts';

const SHOWN = 12;

/** Dots on a canvas, for keypoints in shares of its size; none where `told` is 0. */
function drawPoints(canvas: HTMLCanvasElement, shares: Float32Array, told: ArrayLike<number> | undefined): void {
  const context = canvas.getContext('2d');
  if (!context) return;
  const radius = Math.max(1.5, canvas.width / 60);
  for (let at = 0; at + 1 < shares.length; at += 2) {
    if (told?.[at] === 0) continue;
    context.beginPath();
    context.arc((shares[at] ?? 0) * canvas.width, (shares[at + 1] ?? 0) * canvas.height, radius, 0, 2 * Math.PI);
    context.fillStyle = '#ffffff';
    context.fill();
    context.lineWidth = radius / 2;
    context.strokeStyle = '#000000';
    context.stroke();
  }
}

/** The pictures of a batch as canvases, from its tensors: the normalisation is undone, nothing else. */
async function paint(batch: Batch, index: DatasetIndex): Promise<HTMLCanvasElement[]> {
  const { scale, offset } = index.normalize;
  const pictures = tf.tidy(() => {
    const unit = batch.xs.sub(tf.tensor1d(offset)).div(tf.tensor1d(scale)).div(255);
    // Rounding may leave the range by a hair, which toPixels refuses.
    return tf.unstack(unit.clipByValue(0, 1) as tf.Tensor4D) as tf.Tensor3D[];
  });
  try {
    return await Promise.all(
      pictures.map(async (picture) => {
        const canvas = element('canvas', { class: 'input', role: 'img' });
        await tf.browser.toPixels(picture, canvas);
        return canvas;
      }),
    );
  } finally {
    tf.dispose(pictures);
  }
}

function caption(row: Float32Array, task: Subject, index: DatasetIndex): HTMLElement | null {
  if (task !== 'class') return null;
  const id = row.indexOf(Math.max(...row));
  return classChip(id, index.classes[id] ?? String(id));
}

/** The first inputs of the first epoch with their targets, read back from the tensors that a model would get. */
export async function inputStrip(dataset: Dataset, split: string, task: Subject, seed: number): Promise<HTMLElement> {
  const index = await dataset.index();
  for await (const batch of dataset.batches({ split, batchSize: SHOWN, seed, task })) {
    try {
      const canvases = await paint(batch, index);
      const { ys, mask } = goalOf(batch);
      const [targets, told] = await Promise.all([ys.data(), mask?.data()]);
      const columns = ys.shape[1];
      const figures = canvases.map((canvas, position) => {
        const key = batch.keys[position] ?? '';
        const [from, to] = [position * columns, (position + 1) * columns];
        const row = targets.slice(from, to) as Float32Array;
        if (task === 'keypoints') drawPoints(canvas, row, told?.slice(from, to));
        canvas.setAttribute('aria-label', key);
        return element(
          'figure',
          { 'data-testid': 'input', 'data-key': key, title: key },
          canvas,
          caption(row, task, index),
        );
      });
      return element('div', { class: 'strip' }, ...figures);
    } finally {
      disposeBatch(batch);
    }
  }
  return element('p', { class: 'notice' }, `Split ${split} has no samples.`);
}
