import { DataprepError } from '../complaint.ts';
import type { Box } from '../wire.ts';

/** The four numbers at a position of [n, 4] row-major. */
function four(values: ArrayLike<number>, at: number): [number, number, number, number] {
  const first = 4 * at;
  return [values[first], values[first + 1], values[first + 2], values[first + 3]] as [number, number, number, number];
}

function count(values: ArrayLike<number>, name: string): number {
  if (values.length % 4 === 0) return values.length / 4;
  const wanted = 'four numbers a box, [n, 4] row-major';
  const next = 'Take the data of the tensor of boxes alone, without scores.';
  throw new DataprepError('usage', { place: name, wanted, found: `${values.length} numbers`, next });
}

function around(cx: number, cy: number, width: number, height: number): Box {
  return [cx - width / 2, cy - height / 2, cx + width / 2, cy + height / 2];
}

/**
 * Boxes given as centre and size, (cx, cy, w, h), as corners (x0, y0, x1, y1).
 *
 * @param values [n, 4] row-major
 * @param scale what 1 stands for in x and y, in pixels: the picture's sides, where a model gives shares of them
 */
export function boxesFromCenters(values: ArrayLike<number>, scale: readonly [number, number] = [1, 1]): Box[] {
  const [sx, sy] = scale;
  return Array.from({ length: count(values, 'boxesFromCenters') }, (_, at) => {
    const [cx, cy, width, height] = four(values, at);
    return around(cx * sx, cy * sy, width * sx, height * sy);
  });
}

/**
 * Boxes given as offsets to anchors (Faster R-CNN, SSD), as corners. Of an anchor (ax, ay, aw, ah), as centre and size, and an
 * offset (dx, dy, dw, dh), with variances (v0, v1, v2, v3):
 *
 *     cx = ax + v0 dx aw      cy = ay + v1 dy ah      w = aw exp(v2 dw)      h = ah exp(v3 dh)
 *
 * @param offsets [n, 4] row-major
 * @param anchors [n, 4] row-major, in pixels of the picture
 * @param variances (1, 1, 1, 1) when not given; SSD's are (0.1, 0.1, 0.2, 0.2)
 */
export function boxesFromAnchors(
  offsets: ArrayLike<number>,
  anchors: ArrayLike<number>,
  variances: readonly [number, number, number, number] = [1, 1, 1, 1],
): Box[] {
  const [n, anchored] = [count(offsets, 'boxesFromAnchors'), count(anchors, 'the anchors of boxesFromAnchors')];
  if (n !== anchored) {
    const next = 'Make the anchors for the size of picture that the model took.';
    const place = 'boxesFromAnchors';
    throw new DataprepError('usage', { place, wanted: 'an anchor an offset', found: `${anchored} and ${n}`, next });
  }
  const [v0, v1, v2, v3] = variances;
  return Array.from({ length: n }, (_, at) => {
    const [dx, dy, dw, dh] = four(offsets, at);
    const [ax, ay, aw, ah] = four(anchors, at);
    return around(ax + v0 * dx * aw, ay + v1 * dy * ah, aw * Math.exp(v2 * dw), ah * Math.exp(v3 * dh));
  });
}

/** The share of the area of two boxes together that both have; 0 where neither has an area. */
export function overlap(one: Box, other: Box): number {
  const width = Math.min(one[2], other[2]) - Math.max(one[0], other[0]);
  const height = Math.min(one[3], other[3]) - Math.max(one[1], other[1]);
  if (!(width > 0 && height > 0)) return 0;
  const area = (box: Box): number => (box[2] - box[0]) * (box[3] - box[1]);
  return (width * height) / (area(one) + area(other) - width * height);
}

/** What is suppressed. */
export interface SuppressionOptions {
  /** The class of each box; boxes of other classes don't suppress one another. Left out, all are of one. */
  classes?: ArrayLike<number>;
  /** A box that overlaps a better one by more than this goes; 0.5 when not given. */
  overlap?: number;
  /** Boxes below this score go; 0 when not given. */
  score?: number;
  /** At most so many are kept, the best ones. */
  most?: number;
}

/**
 * Greedy non-maximum suppression: the best box stays and those of its class that overlap it too much go; then the best of what
 * is left, and so on. Of equal scores, the box that comes first is the better one, so the result is always the same.
 *
 * @param boxes x0, y0, x1, y1, in any unit
 * @param scores of each box; one that is no number goes
 * @returns positions of the boxes that stay, best first
 * @throws DataprepError (`usage`) for as many scores or classes as there are no boxes
 */
export function suppress(boxes: readonly Box[], scores: ArrayLike<number>, options: SuppressionOptions = {}): number[] {
  const { classes, overlap: limit = 0.5, score: least = 0, most = Number.POSITIVE_INFINITY } = options;
  for (const [name, list] of Object.entries({ scores, classes })) {
    if (!list || list.length === boxes.length) continue;
    const [wanted, found] = [`${boxes.length} ${name}, one a box`, String(list.length)];
    throw new DataprepError('usage', { place: 'suppress', wanted, found, next: 'Pass those of the same boxes.' });
  }
  const of = (at: number): number => scores[at] as number;
  const left = boxes.map((_, at) => at).filter((at) => of(at) >= least);
  // Stable: equal scores stay in their order.
  left.sort((one, other) => of(other) - of(one));
  const kept: number[] = [];
  for (const at of left) {
    if (kept.length >= most) break;
    const rivals = classes ? kept.filter((other) => classes[other] === classes[at]) : kept;
    if (rivals.every((other) => overlap(boxes[other] as Box, boxes[at] as Box) <= limit)) kept.push(at);
  }
  return kept;
}
