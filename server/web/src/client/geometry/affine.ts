import type { Affine } from '../wire.ts';

/** The map that changes nothing. */
export const IDENTITY: Affine = [1, 0, 0, 0, 1, 0];

/** Moves by (dx, dy) pixels. */
export function translation(dx: number, dy: number): Affine {
  return [1, 0, dx, 0, 1, dy];
}

/** Scales about the origin, the image's top-left corner. */
export function scaling(sx: number, sy: number): Affine {
  return [sx, 0, 0, 0, sy, 0];
}

/** Turns clockwise, as seen on a screen, about the origin; quarter turns are exact. */
export function rotation(degrees: number): Affine {
  const quarters = Math.floor(degrees / 90);
  const rest = degrees - 90 * quarters;
  let cos = rest === 0 ? 1 : Math.cos((rest * Math.PI) / 180);
  let sin = rest === 0 ? 0 : Math.sin((rest * Math.PI) / 180);
  for (let turn = ((quarters % 4) + 4) % 4; turn > 0; turn--) [cos, sin] = [0 - sin, cos];
  return [cos, 0 - sin, 0, sin, cos, 0];
}

/** Mirrors left and right in an image of this width: x' = width - x, never width - 1 - x. */
export function mirrorX(width: number): Affine {
  return [-1, 0, width, 0, 1, 0];
}

/** Mirrors top and bottom in an image of this height: y' = height - y. */
export function mirrorY(height: number): Affine {
  return [1, 0, 0, 0, -1, height];
}

/** The map that applies the first of these first, and so on. */
export function chain(first: Affine, ...others: readonly Affine[]): Affine {
  return others.reduce(
    ([a, b, c, d, e, f], [p, q, r, s, t, u]) => [
      p * a + q * d,
      p * b + q * e,
      p * c + q * f + r,
      s * a + t * d,
      s * b + t * e,
      s * c + t * f + u,
    ],
    first,
  );
}

/** The factor by which areas grow; negative when the map mirrors. */
export function determinant([a, b, , d, e]: Affine): number {
  return a * e - b * d;
}

/** The map back, of one that does not flatten the plane. */
export function inverse(affine: Affine): Affine {
  const [a, b, c, d, e, f] = affine;
  const det = determinant(affine);
  const [p, q, s, t] = [e / det, -b / det, -d / det, a / det];
  return [p, q, -(p * c + q * f), s, t, -(s * c + t * f)];
}

/** Where the map takes a point. */
export function mapped([a, b, c, d, e, f]: Affine, x: number, y: number): [x: number, y: number] {
  return [a * x + b * y + c, d * x + e * y + f];
}
