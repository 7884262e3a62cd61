import { chain, mirrorX, mirrorY, translation } from '../geometry/affine.ts';
import { common, extent, isEmpty, isWithin, outward, type Rect, rectOf, type Size } from '../geometry/rect.ts';
import type { Affine } from '../wire.ts';

/** How pixels are resampled; all antialias where they shrink. */
export type Filter = 'area' | 'bilinear' | 'bicubic' | 'lanczos';

/** R, G, B in 0 … 255. */
export type Color = readonly [r: number, g: number, b: number];

/** What stands where there is no scene: a colour, the outermost pixel repeated, or the image mirrored about its centre. */
export interface Fill {
  readonly mode: 'constant' | 'edge' | 'reflect';
  readonly color: Color;
}

export const BLACK: Fill = { mode: 'constant', color: [0, 0, 0] };

/** Whole pixels at each side. */
export interface Sides {
  readonly left: number;
  readonly top: number;
  readonly right: number;
  readonly bottom: number;
}

export const NO_SIDES: Sides = { left: 0, top: 0, right: 0, bottom: 0 };

/**
 * What a renderer is told to do: cut `domain`; take `box` of it, filling what lies outside; resample to `size`; frame
 * with fill; flip. Steps fuse into one pass for as long as that changes nothing but rounding.
 */
export interface Pass {
  readonly kind: 'pass';
  /** Whole pixels of the input; the filter never reads outside it. */
  readonly domain: Rect;
  /** What becomes `size`, in the input's pixels; fractional after a resample was cut. */
  readonly box: Rect;
  readonly size: Size;
  /** Null while the box is taken as it is. */
  readonly filter: Filter | null;
  /** Pixels of fill around the resampled box. */
  readonly frame: Sides;
  /** Null while there is none. */
  readonly fill: Fill | null;
  readonly flipX: boolean;
  readonly flipY: boolean;
}

/** Any affine map at once, antialiased; what it shows outside its input is fill. */
export interface Warp {
  readonly kind: 'warp';
  /** Input to output. */
  readonly affine: Affine;
  readonly output: Size;
  readonly filter: Filter;
  readonly color: Color;
}

/** Whether there is a pixel at any side. */
export function hasSides(sides: Sides): boolean {
  return sides.left !== 0 || sides.top !== 0 || sides.right !== 0 || sides.bottom !== 0;
}

function mirrored({ left, top, right, bottom }: Sides, x: boolean, y: boolean): Sides {
  return {
    left: x ? right : left,
    right: x ? left : right,
    top: y ? bottom : top,
    bottom: y ? top : bottom,
  };
}

function sidesOf(one: Sides, other: Sides, of: (a: number, b: number) => number): Sides {
  return {
    left: of(one.left, other.left),
    top: of(one.top, other.top),
    right: of(one.right, other.right),
    bottom: of(one.bottom, other.bottom),
  };
}

const plus = (one: Sides, other: Sides): Sides => sidesOf(one, other, (a, b) => a + b);
const minus = (one: Sides, other: Sides): Sides => sidesOf(one, other, (a, b) => Math.max(a - b, 0));

/** The pass that changes nothing. */
export function startPass({ width, height }: Size): Pass {
  const size = { width, height };
  const whole = rectOf(size);
  return {
    kind: 'pass',
    domain: whole,
    box: whole,
    size,
    filter: null,
    frame: NO_SIDES,
    fill: null,
    flipX: false,
    flipY: false,
  };
}

/** Whether it is still the pass that changes nothing. */
export function isStart(one: Pass | Warp): boolean {
  if (one.kind === 'warp' || one.filter || one.fill || one.flipX || one.flipY || hasSides(one.frame)) return false;
  const { domain, box, size } = one;
  const [whole, same] = [extent(domain), (a: Size, b: Size): boolean => a.width === b.width && a.height === b.height];
  return (
    domain.x0 === 0 && domain.y0 === 0 && box.x0 === 0 && box.y0 === 0 && same(whole, size) && same(extent(box), size)
  );
}

function outputOf({ size, frame }: Pass): Size {
  return { width: size.width + frame.left + frame.right, height: size.height + frame.top + frame.bottom };
}

/** Takes pixels away at each side; null when that needs a pass of its own. */
export function cutPass(one: Pass | Warp, sides: Sides): Pass | Warp | null {
  if (one.kind === 'warp') {
    const size = {
      width: one.output.width - sides.left - sides.right,
      height: one.output.height - sides.top - sides.bottom,
    };
    return { ...one, affine: chain(one.affine, translation(-sides.left, -sides.top)), output: size };
  }
  const before = mirrored(sides, one.flipX, one.flipY);
  const [frame, scene] = [minus(one.frame, before), minus(before, one.frame)];
  if (!hasSides(scene)) return { ...one, frame };
  const taken = extent(one.box);
  const [sx, sy] = [taken.width / one.size.width, taken.height / one.size.height];
  const box = {
    x0: one.box.x0 + scene.left * sx,
    y0: one.box.y0 + scene.top * sy,
    x1: one.box.x1 - scene.right * sx,
    y1: one.box.y1 - scene.bottom * sy,
  };
  const size = {
    width: one.size.width - scene.left - scene.right,
    height: one.size.height - scene.top - scene.bottom,
  };
  if (size.width < 1 || size.height < 1) return null;
  const domain = one.filter ? one.domain : common(one.domain, box);
  if (isEmpty(domain)) return null;
  const madeFromScene = one.fill !== null && one.fill.mode !== 'constant';
  if (madeFromScene && (hasSides(frame) || (!sameRect(domain, one.domain) && !isWithin(box, domain)))) return null;
  return { ...one, domain, box, size, frame };
}

function sameRect(one: Rect, other: Rect): boolean {
  return one.x0 === other.x0 && one.y0 === other.y0 && one.x1 === other.x1 && one.y1 === other.y1;
}

function sameFill(one: Fill | null, other: Fill): boolean {
  return one?.mode === other.mode && one.color.every((level, at) => level === other.color[at]);
}

/** Adds pixels of fill at each side; null when that needs a pass of its own. */
export function padPass(one: Pass | Warp, sides: Sides, fill: Fill): Pass | null {
  // The bars of a later pad are not the corners of a warp.
  if (one.kind === 'warp') return null;
  const before = mirrored(sides, one.flipX, one.flipY);
  const filled = hasSides(one.frame) || !isWithin(one.box, one.domain);
  if (filled && (!sameFill(one.fill, fill) || fill.mode === 'reflect')) return null;
  if (one.filter) return { ...one, frame: plus(one.frame, before), fill };
  const box = {
    x0: one.box.x0 - before.left,
    y0: one.box.y0 - before.top,
    x1: one.box.x1 + before.right,
    y1: one.box.y1 + before.bottom,
  };
  const { width, height } = extent(box);
  return { ...one, box, size: { width: Math.round(width), height: Math.round(height) }, fill };
}

/** Resamples to a size; null when that needs a pass of its own. */
export function resamplePass(one: Pass | Warp, size: Size, filter: Filter): Pass | null {
  // What was cut after a warp must not be read again.
  if (one.kind === 'warp') return null;
  const output = outputOf(one);
  if (size.width === output.width && size.height === output.height) return one;
  if (one.filter === null) return { ...one, size, filter };
  if (filter !== one.filter) return null;
  // What was cut after the first resample must not be read by the second one.
  const sealed = common(one.domain, outward(one.box));
  if (!hasSides(one.frame)) return { ...one, domain: sealed, size };
  if (one.fill === null || one.fill.mode === 'reflect' || !isWithin(sealed, common(one.domain, one.box))) return null;
  const { box, frame } = one;
  const taken = extent(box);
  const [sx, sy] = [taken.width / one.size.width, taken.height / one.size.height];
  const whole = {
    x0: box.x0 - frame.left * sx,
    y0: box.y0 - frame.top * sy,
    x1: box.x1 + frame.right * sx,
    y1: box.y1 + frame.bottom * sy,
  };
  return { ...one, domain: sealed, box: whole, size, frame: NO_SIDES };
}

/** Mirrors; always possible, as flips go last. */
export function flipPass(one: Pass | Warp, x: boolean, y: boolean): Pass | Warp {
  if (one.kind === 'pass') return { ...one, flipX: one.flipX !== x, flipY: one.flipY !== y };
  const across = x ? chain(one.affine, mirrorX(one.output.width)) : one.affine;
  return { ...one, affine: y ? chain(across, mirrorY(one.output.height)) : across };
}

/** How long a step of one input pixel becomes in the output, along x and along y. */
export function stepsOf({ affine: [a, b, , d, e] }: Warp): [across: number, down: number] {
  return [Math.hypot(a, d), Math.hypot(b, e)];
}
