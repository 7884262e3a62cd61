import type { Picture } from '../decode/path.ts';
import { inverse, mapped } from '../geometry/affine.ts';
import { mappedHull, type Size } from '../geometry/rect.ts';
import type { Affine, Box } from '../wire.ts';

/** What a model takes of one image, and the way back. */
export class Preprocessed {
  readonly #back: Affine;

  constructor(
    /** [height, width, 3] float32, RGB, row-major, normalised as the contract says. */
    readonly values: Float32Array<ArrayBuffer>,
    /** The same before it was normalised: what the pipeline would have stored. */
    readonly picture: Picture,
    /** The upright image, in pixels. */
    readonly source: Size,
    /** Image to picture: x' = a x + b y + c, y' = d x + e y + f. */
    readonly affine: Affine,
  ) {
    this.#back = inverse(affine);
  }

  /** A point of the picture as one of the image, in continuous pixels: pixel i covers [i, i + 1). */
  pointToSource([x, y]: readonly [x: number, y: number]): [x: number, y: number] {
    return mapped(this.#back, x, y);
  }

  /**
   * A box of the picture as one of the image: the hull of its corners, cut to the image. One that lies beside the image, in
   * the bars around it, has no area then.
   */
  boxToSource([x0, y0, x1, y1]: Box): Box {
    const { width, height } = this.source;
    const around = mappedHull(this.#back, { x0, y0, x1, y1 });
    const [inX, inY] = [within(width), within(height)];
    return [inX(around.x0), inY(around.y0), inX(around.x1), inY(around.y1)];
  }

  /**
   * Landmarks as a model gives them, x / width and y / height of the picture in turn, as points of the image: the way back
   * from the targets of `batches()`.
   */
  landmarksToSource(shares: ArrayLike<number>): [x: number, y: number][] {
    const { width, height } = this.picture;
    return Array.from({ length: Math.floor(shares.length / 2) }, (_, at) =>
      this.pointToSource([(shares[2 * at] as number) * width, (shares[2 * at + 1] as number) * height]),
    );
  }
}

function within(length: number): (x: number) => number {
  return (x) => Math.min(Math.max(x, 0), length);
}
