import { chain, IDENTITY, inverse, mirrorX, mirrorY, scaling, translation } from '../geometry/affine.ts';
import { type Convex, commonConvex, mappedConvex } from '../geometry/convex.ts';
import { common, corners, hull, type Rect, rectOf, type Size } from '../geometry/rect.ts';
import {
  type Color,
  cutPass,
  type Fill,
  type Filter,
  flipPass,
  hasSides,
  isStart,
  type Pass,
  padPass,
  resamplePass,
  type Sides,
  startPass,
  type Warp,
} from '../render/passes.ts';
import type { Affine } from '../wire.ts';

/** Why a step can't be applied to an image. */
export class StepError extends Error {
  constructor(
    found: string,
    readonly wanted = 'an image that the step fits',
    readonly next = 'Take a larger image; the pipeline rejects this one, too.',
  ) {
    super(found);
  }
}

/** What steps make of an image, decided before a pixel is touched, as dataprep/plan.py does. */
export class View {
  private constructor(
    readonly size: Size,
    /** Source to output. */
    readonly affine: Affine,
    /** How to render it. */
    readonly passes: readonly (Pass | Warp)[],
    /** What is scene, in source pixels: outside it there is only fill. */
    readonly region: Convex,
    /** Whether the scene, never the fill, loses its colours. */
    readonly isGray: boolean,
  ) {}

  /** The view that shows the whole source as it is. */
  static start({ width, height }: Size): View {
    const size = { width, height };
    return new View(size, IDENTITY, [startPass(size)], corners(rectOf(size)), false);
  }

  /** The hull of what is scene, in output pixels. */
  get live(): Rect {
    return common(hull(mappedConvex(this.affine, this.region)), rectOf(this.size));
  }

  #with(changes: Partial<Pick<View, 'size' | 'affine' | 'passes' | 'region' | 'isGray'>>): View {
    const { size, affine, passes, region, isGray } = { ...this, ...changes };
    return new View(size, affine, passes, region, isGray);
  }

  /** With a step fused into the last pass, or, where that would change more than rounding, alone. */
  #then(step: Affine, size: Size, fuse: (pass: Pass | Warp) => Pass | Warp | null): View {
    const fused = fuse(this.passes.at(-1) as Pass | Warp);
    const passes = fused
      ? [...this.passes.slice(0, -1), fused]
      : // A fresh pass has no fill and no filter yet, so nothing can be in the way of a first step.
        [...this.passes, fuse(startPass(this.size)) as Pass];
    return this.#with({ size, affine: chain(this.affine, step), passes });
  }

  /**
   * Cuts to the rectangle of this size at (x, y).
   *
   * @throws StepError it leaves the image, or shows nothing of the scene
   */
  cut(x: number, y: number, size: Size): View {
    const sides = {
      left: x,
      top: y,
      right: this.size.width - x - size.width,
      bottom: this.size.height - y - size.height,
    };
    if (Math.min(...Object.values(sides)) < 0) {
      const [image, place] = [
        `${this.size.width} x ${this.size.height}`,
        `${size.width} x ${size.height} at (${x}, ${y})`,
      ];
      throw new StepError(`${image} pixels, which a crop of ${place} leaves`);
    }
    return this.#then(translation(-x, -y), size, (pass) => cutPass(pass, sides)).#seen();
  }

  /** Without what the output does not show. */
  #seen(): View {
    const shown = mappedConvex(inverse(this.affine), corners(rectOf(this.size)));
    const region = commonConvex(this.region, shown);
    if (region.length === 0) throw new StepError('nothing of the image is left, only fill');
    return this.#with({ region });
  }

  /** Adds fill at the sides. */
  pad(sides: Sides, fill: Fill): View {
    if (!hasSides(sides)) return this;
    const size = {
      width: this.size.width + sides.left + sides.right,
      height: this.size.height + sides.top + sides.bottom,
    };
    return this.#then(translation(sides.left, sides.top), size, (pass) => padPass(pass, sides, fill));
  }

  /** Resizes to a size, each axis by its own factor: target / current size. */
  resample(size: Size, filter: Filter): View {
    const step = scaling(size.width / this.size.width, size.height / this.size.height);
    return this.#then(step, size, (pass) => resamplePass(pass, size, filter));
  }

  /** Resizes the rectangle of size `part` at (x, y), which must hold the whole image, and need not lie in it. */
  take(x: number, y: number, part: Size, size: Size, filter: Filter, fill: Fill): View {
    const [sx, sy] = [size.width / part.width, size.height / part.height];
    const box = { x0: x, y0: y, x1: x + part.width, y1: y + part.height };
    const pass = { ...startPass(this.size), box, size, filter, fill };
    const affine = chain(this.affine, [sx, 0, -x * sx, 0, sy, -y * sy]);
    return this.#with({ size, affine, passes: [...this.passes, pass] });
  }

  /**
   * Maps by any affine: a pass of its own.
   *
   * @throws StepError the result shows nothing of the scene
   */
  warp(step: Affine, size: Size, filter: Filter, color: Color): View {
    const [only] = this.passes;
    const before = this.passes.length === 1 && only && isStart(only) ? [] : this.passes;
    const passes = [...before, { kind: 'warp' as const, affine: step, output: size, filter, color }];
    return this.#with({ size, affine: chain(this.affine, step), passes }).#seen();
  }

  /** Mirrors left and right (`x`), top and bottom (`y`). */
  flip(x: boolean, y: boolean): View {
    const { width, height } = this.size;
    const step = chain(x ? mirrorX(width) : IDENTITY, y ? mirrorY(height) : IDENTITY);
    return this.#then(step, this.size, (pass) => flipPass(pass, x, y));
  }

  /** The scene without its colours. */
  gray(): View {
    return this.#with({ isGray: true });
  }
}
