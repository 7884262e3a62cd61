import type { Affine } from '../wire.ts';
import { mapped } from './affine.ts';

/** An axis-aligned rectangle in continuous pixels; empty when a side is not positive. */
export interface Rect {
  readonly x0: number;
  readonly y0: number;
  readonly x1: number;
  readonly y1: number;
}

/** In pixels. */
export interface Size {
  readonly width: number;
  readonly height: number;
}

/** The rectangle that an image of this size spans. */
export function rectOf({ width, height }: Size): Rect {
  return { x0: 0, y0: 0, x1: width, y1: height };
}

/** The extents of a rectangle, which need not be whole. */
export function extent({ x0, y0, x1, y1 }: Rect): Size {
  return { width: x1 - x0, height: y1 - y0 };
}

/** Whether it holds no area. */
export function isEmpty({ x0, y0, x1, y1 }: Rect): boolean {
  return x1 <= x0 || y1 <= y0;
}

/** The common part; a rectangle with a non-positive side when there is none. */
export function common(one: Rect, other: Rect): Rect {
  return {
    x0: Math.max(one.x0, other.x0),
    y0: Math.max(one.y0, other.y0),
    x1: Math.min(one.x1, other.x1),
    y1: Math.min(one.y1, other.y1),
  };
}

/** A side within this many pixels of another one is the same, but for the noise of floating point. */
const SLACK = 1e-6;

/** The smallest rectangle with whole-number sides around this one; noise does not pull in another row of pixels. */
export function outward({ x0, y0, x1, y1 }: Rect): Rect {
  return {
    x0: Math.floor(x0 + SLACK),
    y0: Math.floor(y0 + SLACK),
    x1: Math.ceil(x1 - SLACK),
    y1: Math.ceil(y1 - SLACK),
  };
}

/** Whether the first lies in the other one. */
export function isWithin(one: Rect, other: Rect): boolean {
  return (
    one.x0 >= other.x0 - SLACK && one.y0 >= other.y0 - SLACK && one.x1 <= other.x1 + SLACK && one.y1 <= other.y1 + SLACK
  );
}

/** The corners, clockwise from the top left. */
export function corners({ x0, y0, x1, y1 }: Rect): [x: number, y: number][] {
  return [
    [x0, y0],
    [x1, y0],
    [x1, y1],
    [x0, y1],
  ];
}

/** The smallest axis-aligned rectangle around some points; an empty one at the origin where there are none. */
export function hull(points: readonly (readonly [x: number, y: number])[]): Rect {
  if (points.length === 0) return { x0: 0, y0: 0, x1: 0, y1: 0 };
  const [xs, ys] = [points.map(([x]) => x), points.map(([, y]) => y)];
  return { x0: Math.min(...xs), y0: Math.min(...ys), x1: Math.max(...xs), y1: Math.max(...ys) };
}

/** The smallest axis-aligned rectangle around a mapped one. */
export function mappedHull(affine: Affine, rect: Rect): Rect {
  return hull(corners(rect).map(([x, y]) => mapped(affine, x, y)));
}
