import { type Labelled, lacking } from './labelled.ts';
import type { NumberArray } from './numbers.ts';

/** x0, y0, x1, y1, class, flags. */
const COLUMNS = 6;

/**
 * - `boxes`: [n, most, 6] float32. A row is x0, y0, x1, y1 in shares of width and height, the class (-1 for none), and
 *   the flags (a sum of 1 crowd, 2 difficult, 4 truncated). Rows behind a sample's last box are 0 but for the class, -1.
 * - `boxCounts`: [n] int32, how many rows of each sample are boxes.
 *
 * `most` is that of the fullest sample of the batch (1 at least); `maxBoxes` makes it the same for all batches.
 */
export function boxTargets(
  labelled: readonly Labelled[],
  maxBoxes: number | undefined,
): { boxes: NumberArray; boxCounts: NumberArray } {
  const counts = labelled.map(({ sample }) => (sample.boxes ?? lacking(sample, 'boxes')).length);
  const most = maxBoxes ?? Math.max(1, ...counts);
  const values = new Float32Array(labelled.length * most * COLUMNS);
  for (const [position, { sample }] of labelled.entries()) {
    const { boxes = [], image_size: size, box_classes, box_flags } = sample;
    if (boxes.length > most) lacking(sample, `at most ${most} boxes (maxBoxes)`, boxes.length);
    for (let row = 0; row < most; row++) {
      const at = (position * most + row) * COLUMNS;
      for (const [side, place] of boxes[row]?.entries() ?? []) values[at + side] = place / (size[side % 2] as number);
      values[at + 4] = (boxes[row] && box_classes?.[row]) ?? -1;
      values[at + 5] = box_flags?.[row] ?? 0;
    }
  }
  return {
    boxes: { values, shape: [labelled.length, most, COLUMNS] },
    boxCounts: { values: Int32Array.from(counts), shape: [labelled.length] },
  };
}
