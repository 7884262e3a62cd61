import type { Affine, Ring } from '../wire.ts';
import { mapped } from './affine.ts';
import { common, corners, hull, isEmpty, type Rect } from './rect.ts';

/** Corners of a convex polygon, either way round; fewer than three hold nothing. */
export type Convex = readonly (readonly [x: number, y: number])[];

/** The polygon under an affine map. */
export function mappedConvex(affine: Affine, polygon: Convex): Convex {
  return polygon.map(([x, y]) => mapped(affine, x, y));
}

/** The same region as a rectangle; null when it has other corners than one. */
export function rectIn(polygon: Convex): Rect | null {
  const [xs, ys] = [new Set(polygon.map(([x]) => x)), new Set(polygon.map(([, y]) => y))];
  return polygon.length === 4 && xs.size === 2 && ys.size === 2 ? hull(polygon) : null;
}

/** x0, y0, x1, y1, … of a polygon. */
export function ringOf(polygon: Convex): Ring {
  return polygon.flat();
}

/** The area of a ring in square pixels; negative for one that runs against the clock as one sees it, y pointing down. */
export function signedArea(ring: Ring): number {
  if (ring.length < 6) return 0;
  // Relative to the first corner: far from the origin, products of coordinates would lose the area's last digits.
  const [x0, y0] = [ring[0] as number, ring[1] as number];
  let sum = 0;
  for (let i = 0; i + 3 < ring.length; i += 2) {
    const [ax, ay] = [(ring[i] as number) - x0, (ring[i + 1] as number) - y0];
    const [bx, by] = [(ring[i + 2] as number) - x0, (ring[i + 3] as number) - y0];
    sum += ax * by - bx * ay;
  }
  return sum / 2;
}

interface Edge {
  x: number;
  y: number;
  dx: number;
  dy: number;
}

/** Its sides, each with the inside on its right hand. */
function edges(polygon: Convex): Edge[] {
  const turn = signedArea(ringOf(polygon)) > 0 ? 1 : -1;
  return polygon.map(([x, y], at) => {
    const [toX, toY] = polygon[(at + 1) % polygon.length] as readonly [number, number];
    return turn > 0 ? { x, y, dx: toX - x, dy: toY - y } : { x, y, dx: x - toX, dy: y - toY };
  });
}

/**
 * The part of a ring that lies in a convex polygon (Sutherland and Hodgman, 1974).
 *
 * Where a concave ring falls apart, its parts hang together by edges without area.
 */
export function clipRing(polygon: Convex, ring: Ring): Ring {
  let left = ring;
  for (const edge of edges(polygon)) {
    if (left.length === 0) break;
    left = clipByEdge(edge, left);
  }
  return left;
}

function clipByEdge({ x, y, dx, dy }: Edge, ring: Ring): Ring {
  const kept: Ring = [];
  const side = (px: number, py: number): number => dx * (py - y) - dy * (px - x);
  for (let i = 0; i < ring.length; i += 2) {
    const [px, py] = [ring[i] as number, ring[i + 1] as number];
    const [qx, qy] = [ring[(i + 2) % ring.length] as number, ring[(i + 3) % ring.length] as number];
    const [here, there] = [side(px, py), side(qx, qy)];
    if (here >= 0) kept.push(px, py);
    if (here * there < 0) {
      const share = here / (here - there);
      kept.push(px + (qx - px) * share, py + (qy - py) * share);
    }
  }
  return kept;
}

/** The common part of two. */
export function commonConvex(one: Convex, other: Convex): Convex {
  const [mine, theirs] = [rectIn(one), rectIn(other)];
  if (mine && theirs) {
    const both = common(mine, theirs);
    return isEmpty(both) ? [] : corners(both);
  }
  const ring = clipRing(other, ringOf(one));
  if (ring.length < 6 || signedArea(ring) === 0) return [];
  return Array.from({ length: ring.length / 2 }, (_, at) => [ring[2 * at] as number, ring[2 * at + 1] as number]);
}

/**
 * Tells of points whether they lie in a polygon.
 *
 * @param slack pixels that a point may lie outside and still count
 */
export function holding(polygon: Convex, slack: number): (x: number, y: number) => boolean {
  if (polygon.length < 3) return () => false;
  // Numbers in a row: this is asked of every pixel of a mask.
  const sides = Float64Array.from(
    edges(polygon).flatMap(({ x, y, dx, dy }) => {
      const length = Math.hypot(dx, dy);
      return length > 0 ? [x, y, dx / length, dy / length] : [];
    }),
  );
  return (px, py) => {
    for (let at = 0; at < sides.length; at += 4) {
      const alongX = (sides[at + 2] as number) * (py - (sides[at + 1] as number));
      if (alongX - (sides[at + 3] as number) * (px - (sides[at] as number)) < -slack) return false;
    }
    return true;
  };
}
