import { extent, type Rect, type Size } from '../geometry/rect.ts';
import type { Part } from './part.ts';
import type { Fill, Filter, Sides } from './passes.ts';

/**
 * Resampling along the axes in whole numbers, as dataprep/pixels/resampling.py does it, and to the same bits.
 *
 * A weight is that of its pixel's centre; those of an output pixel are made whole so that they add up to one exactly, and
 * a plain area keeps its colour. Between the axes values keep quarters of a level.
 */

/** Levels are counted from the middle one, which saves a bit. */
const MIDDLE = 128;
/** What one weighs, down and across: 2^16 and 2^13; between them a level is 2^2, so no sum exceeds 2^24. */
const [DOWN_BITS, LEVEL_BITS, ACROSS_BITS] = [16, 2, 13];
/** Of a weight, far more than floats err by. */
const NOISE = 2 ** -20;

/** A kernel over distances in output pixels, and how far it reaches; none weighs by coverage. */
const KERNELS: Record<Filter, { kernel: ((x: number) => number) | null; reach: number }> = {
  area: { kernel: null, reach: 0.5 },
  bilinear: { kernel: (x) => Math.max(1 - x, 0), reach: 1 },
  bicubic: { kernel: cubic, reach: 2 },
  lanczos: { kernel: (x) => (x < 3 ? sinc(x) * sinc(x / 3) : 0), reach: 3 },
};

/** Catmull-Rom's (Keys 1981, a = -1/2). */
function cubic(x: number): number {
  if (x < 1) return (1.5 * x - 2.5) * x * x + 1;
  return x < 2 ? ((-0.5 * x + 2.5) * x - 4) * x + 2 : 0;
}

function sinc(x: number): number {
  return x === 0 ? 1 : Math.sin(Math.PI * x) / (Math.PI * x);
}

/** To the nearest whole number, halves to the even one. */
export function rint(x: number): number {
  const low = Math.floor(x);
  const rest = x - low;
  if (rest !== 0.5) return rest < 0.5 ? low : low + 1;
  return low % 2 === 0 ? low : low + 1;
}

/** sum / 2^bits, to the nearest whole number, halves to the even one. */
function shifted(sum: number, bits: number): number {
  const low = sum >> bits;
  const rest = sum - (low << bits);
  const half = 1 << (bits - 1);
  return rest > half || (rest === half && (low & 1) === 1) ? low + 1 : low;
}

/** Where an axis is read from, and what it becomes. */
interface Axis {
  /** Pixels of the image, and of fill before and behind them. */
  length: number;
  before: number;
  after: number;
  /** The part that is resampled, and its number of output pixels. */
  start: number;
  stop: number;
  count: number;
}

/** The inputs of every output pixel and their weights, `taps` each; `filled` is what a constant fill weighs. */
interface Weights {
  taps: number;
  places: Int32Array;
  whole: Int32Array;
  filled: Int32Array;
}

/**
 * Resamples a part of an image, antialiased where it shrinks.
 *
 * Nothing beyond the image and its border is read: there a filter's weights are cut off, and the rest weighs more.
 *
 * @param border pixels of fill around the image
 * @param box the part, in the image's pixels, within the image and its border; may be fractional
 * @returns size.height x size.width x 3 uint8, row-major
 */
export function resample(
  image: Part,
  border: Sides,
  box: Rect,
  size: Size,
  filter: Filter,
  fill: Fill,
): Uint8Array<ArrayBuffer> {
  const { width, height } = extent(image);
  const [top, bottom, left, right] = [border.top, border.bottom, border.left, border.right];
  const rows = { length: height, before: top, after: bottom, start: box.y0, stop: box.y1, count: size.height };
  const columns = { length: width, before: left, after: right, start: box.x0, stop: box.x1, count: size.width };
  const down = weightsOf(rows, filter, fill, DOWN_BITS);
  const across = weightsOf(columns, filter, fill, ACROSS_BITS);
  const result = new Uint8Array(size.width * size.height * 3);
  const line = new Int32Array(width * 3);
  for (let row = 0; row < size.height; row++) {
    sumDown(line, image, down, row, fill);
    sumAcross(result, row * size.width * 3, line, across, fill);
  }
  return result;
}

/** An output row before it is resampled along x, in quarters of a level. */
function sumDown(line: Int32Array, image: Part, weights: Weights, row: number, fill: Fill): void {
  const { taps, places, whole, filled } = weights;
  const share = filled[row] as number;
  for (let i = 0; i < line.length; i += 3) {
    for (let channel = 0; channel < 3; channel++) line[i + channel] = share * (fill.color[channel] as number);
  }
  for (let tap = row * taps; tap < (row + 1) * taps; tap++) {
    const from = ((image.y0 + (places[tap] as number)) * image.stride + image.x0) * 3;
    addRow(line, image.rgb.subarray(from, from + line.length), whole[tap] as number);
  }
  // The weights add up to one: what they make of the middle level is that level.
  const middle = MIDDLE << DOWN_BITS;
  for (let i = 0; i < line.length; i++) line[i] = shifted((line[i] as number) - middle, DOWN_BITS - LEVEL_BITS);
}

/** The loop in which large images spend their time: whole numbers, and nothing else in it. */
function addRow(line: Int32Array, levels: Uint8Array, weight: number): void {
  if (weight === 0) return;
  for (let i = 0; i < line.length; i++) line[i] = (line[i] as number) + Math.imul(weight, levels[i] as number);
}

/** The same row resampled along x, in levels. */
function sumAcross(result: Uint8Array, at: number, line: Int32Array, weights: Weights, fill: Fill): void {
  const { taps, places, whole, filled } = weights;
  for (let column = 0; column < filled.length; column++) {
    const share = (filled[column] as number) << LEVEL_BITS;
    let r = share * (fill.color[0] - MIDDLE);
    let g = share * (fill.color[1] - MIDDLE);
    let b = share * (fill.color[2] - MIDDLE);
    for (let tap = column * taps; tap < (column + 1) * taps; tap++) {
      const weight = whole[tap] as number;
      const from = (places[tap] as number) * 3;
      r += weight * (line[from] as number);
      g += weight * (line[from + 1] as number);
      b += weight * (line[from + 2] as number);
    }
    const to = at + column * 3;
    result[to] = clamped(shifted(r, ACROSS_BITS + LEVEL_BITS) + MIDDLE);
    result[to + 1] = clamped(shifted(g, ACROSS_BITS + LEVEL_BITS) + MIDDLE);
    result[to + 2] = clamped(shifted(b, ACROSS_BITS + LEVEL_BITS) + MIDDLE);
  }
}

/** A level within 0 … 255. */
export function clamped(level: number): number {
  return level < 0 ? 0 : level > 255 ? 255 : level;
}

function weightsOf(axis: Axis, filter: Filter, fill: Fill, bits: number): Weights {
  const weights = wholeWeights(axis, filter, 2 ** bits);
  const { taps, places, whole, filled } = weights;
  const { length } = axis;
  for (let tap = 0; tap < places.length; tap++) {
    const place = places[tap] as number;
    if (place >= 0 && place < length) continue;
    if (fill.mode === 'constant') {
      const column = Math.floor(tap / taps);
      filled[column] = (filled[column] as number) + (whole[tap] as number);
      whole[tap] = 0;
    }
    places[tap] =
      fill.mode === 'reflect' && length > 1 ? reflected(place, length) : Math.min(Math.max(place, 0), length - 1);
  }
  return weights;
}

/** Mirrored about the centres of the outermost pixels, as often as it takes. */
export function reflected(place: number, length: number): number {
  const period = 2 * length - 2;
  return Math.abs(((((place + length - 1) % period) + period) % period) - (length - 1));
}

/** Each output pixel's inputs, counted from the image's first, and their weights, which add up to `one`. */
function wholeWeights(axis: Axis, filter: Filter, one: number): Weights {
  const { kernel, reach } = KERNELS[filter];
  const { length, before, after, start, count } = axis;
  const step = (axis.stop - start) / count;
  // Only coverage stays as narrow as the output's pixels where they are smaller than the input's.
  const scale = kernel ? Math.max(step, 1) : step;
  const taps = Math.ceil(2 * reach * scale) + 1;
  const [places, whole] = [new Int32Array(count * taps), new Int32Array(count * taps)];
  const sums = new Float64Array(taps);
  for (let column = 0; column < count; column++) {
    const center = start + (column + 0.5) * step;
    const first = Math.floor(center - reach * scale);
    let sum = 0;
    for (let tap = 0; tap < taps; tap++) {
      const place = first + tap;
      if (place >= -before && place < length + after) {
        sum += kernel
          ? kernel(Math.abs((place + 0.5 - center) / scale))
          : Math.max(Math.min(place + 1, center + scale / 2) - Math.max(place, center - scale / 2), 0);
      }
      places[column * taps + tap] = place;
      sums[tap] = sum;
    }
    // Rounded as they add up, so that what they add up to is exact; halves down, also where noise made them a little more.
    let reached = 0;
    for (let tap = 0; tap < taps; tap++) {
      const edge = rint((sums[tap] as number) * (one / sum) - NOISE);
      whole[column * taps + tap] = edge - reached;
      reached = edge;
    }
  }
  return { taps, places, whole, filled: new Int32Array(count) };
}
