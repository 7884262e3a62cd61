/** Maps a range of values to a range of pixels. */
export interface Scale {
  (value: number): number;
  ticks: number[];
}

/** Steps of 1, 2 or 5 times a power of ten, so that at most `most` of them cover `span`. */
export function tickStep(span: number, most: number): number {
  const rough = span / most;
  const power = 10 ** Math.floor(Math.log10(rough));
  const factor = [1, 2, 5, 10].find((candidate) => candidate * power >= rough * (1 - 1e-9)) ?? 10;
  return factor * power;
}

/**
 * A linear scale from [low, high] to [from, to] with round ticks inside it.
 *
 * A range of no extent is widened, so that a flat curve has a place.
 */
export function linearScale(low: number, high: number, from: number, to: number, most = 5): Scale {
  const top = high > low ? high : low + 1;
  const step = tickStep(top - low, most);
  const ticks: number[] = [];
  for (let n = Math.ceil(low / step - 1e-9); n * step <= top + step * 1e-9; n++) ticks.push(n * step);
  const place = (value: number): number => from + ((value - low) / (top - low)) * (to - from);
  return Object.assign(place, { ticks });
}
