import { DataprepError } from '../complaint.ts';
import { chain, rotation, scaling, translation } from '../geometry/affine.ts';
import { common, extent, isEmpty, mappedHull, outward, rectOf, type Size } from '../geometry/rect.ts';
import { BLACK, type Color, type Filter } from '../render/passes.ts';
import type { Box, Step } from '../wire.ts';
import { Parameters } from './parameters.ts';
import { StepError, View } from './view.ts';

/** What a caller knows of an image. */
export interface Replay {
  /** The object that `crop_to` cuts to, in continuous pixels of the upright image: a detector gives it, say. */
  box?: Box;
  /** The first step that is taken, counted from 0; 0 when not given. What is before it was done to the image already. */
  from?: number;
}

type Planner = (view: View, parameters: Parameters, box?: Box) => View;

/** What every step makes of a view that has no labels, as the file of its name in dataprep/transforms does. */
const PLANNERS: Record<string, Planner> = {
  crop: (view, given) => view.cut(given.number('x'), given.number('y'), given.size('size')),
  center_crop: centerCrop,
  crop_to: cropTo,
  pad: (view, given) => {
    const [left, top] = [given.number('left'), given.number('top')];
    const [right, bottom] = [given.number('right'), given.number('bottom')];
    return view.pad({ left, top, right, bottom }, given.fill());
  },
  square,
  resize,
  flip: (view, given) => {
    const isHorizontal = given.choice('axis', ['horizontal', 'vertical']) === 'horizontal';
    return view.flip(isHorizontal, !isHorizontal);
  },
  rotate: (view, given) => {
    return rotated(view, given.number('degrees'), given.filter(), given.color(), given.truth('expand'));
  },
  affine,
  grayscale: (view) => view.gray(),
  preset,
  // What chance decides in the train split alone; in the others these do as follows.
  random_crop: centerCrop,
  random_flip: (view) => view,
  random_rotate: (view) => view,
};

/** Steps that ask for more than an image and a box. */
const REFUSED: Record<string, string> = {
  align: 'it turns by labelled keypoints',
  tile: 'it gives several pictures',
};

/**
 * What the steps of a contract make of an image without labels, as the pipeline does outside the train split.
 *
 * @param size the image's, upright
 * @throws DataprepError (`usage`) for a step that needs labels, gives several pictures or does not fit the image; (`wire`)
 *     for one that this client does not know
 */
export function planned(size: Size, steps: readonly Step[], { box, from = 0 }: Replay = {}): View {
  return steps.reduce((view, step, at) => (at < from ? view : applied(view, step, at, box)), View.start(size));
}

function applied(view: View, step: Step, at: number, box: Box | undefined): View {
  const place = `step ${at} (${step.name})`;
  const planner = PLANNERS[step.name];
  const refused = REFUSED[step.name];
  if (refused) {
    throw new DataprepError('usage', {
      place,
      wanted: 'a step that an image without labels can go through, and comes out as one',
      found: `${step.name}: ${refused}`,
      next: `Do it yourself, and go on behind it: preprocess(image, contract, { from: ${at + 1} }).`,
    });
  }
  if (!planner) {
    const [wanted, next] = [`one of ${Object.keys(PLANNERS).join(', ')}`, 'Take the client that the server carries.'];
    throw new DataprepError('wire', { place, wanted, found: step.name, next });
  }
  try {
    return planner(view, new Parameters(step, `steps[${at}]`), box);
  } catch (thrown) {
    if (!(thrown instanceof StepError)) throw thrown;
    const { message: found, wanted, next } = thrown;
    throw new DataprepError('usage', { place, wanted, found, next }, { cause: thrown });
  }
}

/** Cuts to the caller's object, grown by the margin and outward to whole pixels, as far as there is scene. */
function cropTo(view: View, given: Parameters, box?: Box): View {
  if (!box) {
    const next = 'Pass one, such as a detector gives: preprocess(image, contract, { box: [x0, y0, x1, y1] }).';
    throw new StepError('none', 'the box of the object that the step cuts to', next);
  }
  const [x0, y0, x1, y1] = box;
  const seen = common(mappedHull(view.affine, { x0, y0, x1, y1 }), view.live);
  const margin = given.number('margin');
  const [dx, dy] = [(seen.x1 - seen.x0) * margin, (seen.y1 - seen.y0) * margin];
  const grown = outward({ x0: seen.x0 - dx, y0: seen.y0 - dy, x1: seen.x1 + dx, y1: seen.y1 + dy });
  const whole = common(grown, outward(view.live));
  if (isEmpty(whole)) throw new StepError(box.join(', '), 'a box with an area in the image', 'Check the box.');
  return view.cut(whole.x0, whole.y0, extent(whole));
}

function centerCrop(view: View, given: Parameters): View {
  const size = given.size('size');
  return view.cut(...middle(view.size, size), size);
}

/** Where a rectangle lies in the middle of another one; a pixel that is left over goes to the right and bottom. */
function middle(outer: Size, inner: Size): [x: number, y: number] {
  return [Math.floor((outer.width - inner.width) / 2), Math.floor((outer.height - inner.height) / 2)];
}

function square(view: View, given: Parameters): View {
  const isCut = given.choice('by', ['pad', 'crop']) === 'crop';
  const isTopLeft = given.choice('align', ['center', 'top_left']) === 'top_left';
  const { width, height } = view.size;
  const side = isCut ? Math.min(width, height) : Math.max(width, height);
  const size = { width: side, height: side };
  if (isCut) {
    const [x, y] = isTopLeft ? [0, 0] : middle(view.size, size);
    return view.cut(x, y, size);
  }
  const [left, top] = isTopLeft ? [0, 0] : middle(size, view.size);
  return view.pad({ left, top, right: side - width - left, bottom: side - height - top }, given.fill());
}

function resize(view: View, given: Parameters): View {
  const [target, filter] = [given.size('size'), given.filter()];
  const mode = given.choice('mode', ['stretch', 'fit', 'fill', 'letterbox']);
  if (mode === 'stretch') return view.resample(target, filter);
  const scaled = view.resample(scaledSize(view.size, target, mode === 'fill'), filter);
  if (mode === 'fit') return scaled;
  if (mode === 'fill') return scaled.cut(...middle(scaled.size, target), target);
  const [left, top] = middle(target, scaled.size);
  const right = target.width - scaled.size.width - left;
  return scaled.pad({ left, top, right, bottom: target.height - scaled.size.height - top }, given.fill());
}

/** The size of the same aspect ratio that just covers the target, or just fits in it; halves round up, in whole numbers. */
export function scaledSize(size: Size, target: Size, isCover: boolean): Size {
  const isWider = size.width * target.height >= target.width * size.height;
  const other = (mine: number, its: number, length: number): number =>
    Math.max(1, Math.floor((2 * mine * length + its) / (2 * its)));
  if (isWider !== isCover) return { width: target.width, height: other(size.height, size.width, target.width) };
  return { width: other(size.width, size.height, target.height), height: target.height };
}

function rotated(view: View, degrees: number, filter: Filter, color: Color, isGrown: boolean): View {
  const { width, height } = view.size;
  // y points down, so a positive turn of the plane is clockwise to the eye.
  const turn = chain(translation(-width / 2, -height / 2), rotation(-degrees));
  let size = view.size;
  if (isGrown) {
    const around = mappedHull(turn, rectOf(view.size));
    // A quarter turn must not grow by the noise of its own rounding.
    size = { width: Math.ceil(around.x1 - around.x0 - 1e-6), height: Math.ceil(around.y1 - around.y0 - 1e-6) };
  }
  return view.warp(chain(turn, translation(size.width / 2, size.height / 2)), size, filter, color);
}

function affine(view: View, given: Parameters): View {
  const { width, height } = view.size;
  const [scale, [dx, dy]] = [given.pair('scale'), given.pair('translate')];
  const [across, down] = given.pair('shear').map((angle) => Math.tan((angle * Math.PI) / 180)) as [number, number];
  const step = chain(
    translation(-width / 2, -height / 2),
    scaling(...scale),
    [1, across, 0, 0, 1, 0],
    [1, 0, 0, down, 1, 0],
    rotation(-given.number('degrees')),
    translation(width / 2 + dx, height / 2 + dy),
  );
  return view.warp(step, view.size, given.filter(), given.color());
}

function preset(view: View, given: Parameters): View {
  given.choice('of', ['face-api']);
  const map = given.choice('map', ['canvas_centered', 'canvas_top_left', 'tensor']);
  const [target, filter] = [{ width: given.number('size'), height: given.number('size') }, given.filter()];
  const { width, height } = view.size;
  const side = Math.max(width, height);
  const [dx, dy] = [side - width, side - height];
  if (map === 'tensor') {
    const [left, top] = [Math.floor(dx / 2), Math.floor(dy / 2)];
    return view.pad({ left, top, right: dx - left, bottom: dy - top }, BLACK).resample(target, filter);
  }
  const share = map === 'canvas_centered' ? 0.5 : 0;
  return view.take(-dx * share, -dy * share, { width: side, height: side }, target, filter, BLACK);
}
