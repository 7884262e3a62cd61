import type { Picture } from '../decode/path.ts';
import { chain, inverse, scaling, translation } from '../geometry/affine.ts';
import { common, extent, isEmpty, mappedHull, outward, type Rect, rectOf, type Size } from '../geometry/rect.ts';
import { partOf } from './part.ts';
import { BLACK, type Fill, hasSides, NO_SIDES, type Pass, type Sides, stepsOf, type Warp } from './passes.ts';
import { reflected, resample } from './resampling.ts';
import { sample } from './sampling.ts';

/** Renders the passes of a plan, as dataprep/pixels/render.py does. */
export function render(picture: Picture, passes: readonly (Pass | Warp)[]): Picture {
  return passes.reduce((image, one) => (one.kind === 'warp' ? warped(image, one) : passed(image, one)), picture);
}

function passed(picture: Picture, one: Pass): Picture {
  const { domain } = one;
  const around = outward(one.box);
  const fill = one.fill ?? BLACK;
  const border: Sides = {
    left: Math.max(domain.x0 - around.x0, 0),
    top: Math.max(domain.y0 - around.y0, 0),
    right: Math.max(around.x1 - domain.x1, 0),
    bottom: Math.max(around.y1 - domain.y1, 0),
  };
  let image: Picture;
  if (one.filter === null) {
    image = extended(picture, domain, border, fill);
  } else {
    const box = moved(one.box, -domain.x0, -domain.y0);
    image = { rgb: resample(partOf(picture, domain), border, box, one.size, one.filter, fill), ...one.size };
  }
  const framed = extended(image, rectOf(image), one.frame, fill);
  return one.flipX || one.flipY ? flipped(framed, one.flipX, one.flipY) : framed;
}

function moved({ x0, y0, x1, y1 }: Rect, dx: number, dy: number): Rect {
  return { x0: x0 + dx, y0: y0 + dy, x1: x1 + dx, y1: y1 + dy };
}

/** A part of a picture with fill at its sides; the picture itself when that changes nothing. */
function extended(picture: Picture, part: Rect, sides: Sides, fill: Fill): Picture {
  const inner = extent(part);
  const [width, height] = [inner.width + sides.left + sides.right, inner.height + sides.top + sides.bottom];
  if (!hasSides(sides) && inner.width === picture.width && inner.height === picture.height) return picture;
  const rgb = new Uint8Array(width * height * 3);
  for (let row = 0, at = 0; row < height; row++) {
    const y = placeOf(row - sides.top, inner.height, fill);
    for (let column = 0; column < width; column++, at += 3) {
      const x = placeOf(column - sides.left, inner.width, fill);
      if (x < 0 || y < 0) {
        rgb.set(fill.color, at);
        continue;
      }
      const from = ((part.y0 + y) * picture.width + part.x0 + x) * 3;
      rgb[at] = picture.rgb[from] as number;
      rgb[at + 1] = picture.rgb[from + 1] as number;
      rgb[at + 2] = picture.rgb[from + 2] as number;
    }
  }
  return { rgb, width, height };
}

/** The pixel that stands at a place along an axis; -1 where it is a constant fill. */
function placeOf(place: number, length: number, { mode }: Fill): number {
  if (place >= 0 && place < length) return place;
  if (mode === 'constant') return -1;
  return mode === 'reflect' && length > 1 ? reflected(place, length) : Math.min(Math.max(place, 0), length - 1);
}

/** Exchanges left and right (`x`), top and bottom (`y`). */
export function flipped({ rgb, width, height }: Picture, x: boolean, y: boolean): Picture {
  const result = new Uint8Array(rgb.length);
  for (let row = 0, at = 0; row < height; row++) {
    const line = (y ? height - 1 - row : row) * width;
    for (let column = 0; column < width; column++, at += 3) {
      const from = (line + (x ? width - 1 - column : column)) * 3;
      result[at] = rgb[from] as number;
      result[at + 1] = rgb[from + 1] as number;
      result[at + 2] = rgb[from + 2] as number;
    }
  }
  return { rgb: result, width, height };
}

/** Input pixels beyond the ones shown that a cubic sampler reads, and one for rounding. */
const REACH = 3;

function warped(picture: Picture, one: Warp): Picture {
  // Where a step becomes shorter, shrink with antialiasing first.
  const [across, down] = stepsOf(one).map((step) => Math.min(1, step)) as [number, number];
  const shown = mappedHull(inverse(one.affine), rectOf(one.output));
  const domain = common(
    outward({
      x0: shown.x0 - REACH / across,
      y0: shown.y0 - REACH / down,
      x1: shown.x1 + REACH / across,
      y1: shown.y1 + REACH / down,
    }),
    rectOf(picture),
  );
  if (isEmpty(domain)) return plain(one.output, one.color);
  const part = extent(domain);
  const small = { width: Math.ceil(part.width * across), height: Math.ceil(part.height * down) };
  const image = shrunk(picture, domain, small, one);
  // Output to the shrunken part.
  const back = chain(
    inverse(one.affine),
    translation(-domain.x0, -domain.y0),
    scaling(small.width / part.width, small.height / part.height),
  );
  // The filters differ in how they shrink, and the shrinking is done.
  return sample(image, back, one.output, one.color, one.filter === 'bicubic' || one.filter === 'lanczos');
}

function shrunk(picture: Picture, domain: Rect, size: Size, { filter }: Warp): Picture {
  const part = extent(domain);
  if (size.width === part.width && size.height === part.height) return extended(picture, domain, NO_SIDES, BLACK);
  return { rgb: resample(partOf(picture, domain), NO_SIDES, rectOf(part), size, filter, BLACK), ...size };
}

function plain({ width, height }: Size, color: readonly number[]): Picture {
  const rgb = new Uint8Array(width * height * 3);
  for (let at = 0; at < rgb.length; at += 3) rgb.set(color, at);
  return { rgb, width, height };
}
