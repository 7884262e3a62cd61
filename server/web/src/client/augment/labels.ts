import { chain, mapped } from '../geometry/affine.ts';
import { type Convex, clipRing, holding, rectIn, signedArea } from '../geometry/convex.ts';
import { hull, mappedHull, type Rect } from '../geometry/rect.ts';
import type { Box, Keypoint, Ring, Sample } from '../wire.ts';
import type { Placement } from './placement.ts';

/** A coordinate may leave the window by this much, in pixels, without counting as outside: noise of a chain of maps. */
const OVERSHOOT = 1e-6;
/** A share this near to 1 is 1: noise must not turn an untouched box into a clipped one. */
const WHOLE = 1 - 1e-9;

/** What is known of the labels that is not in the sample. */
export interface LabelRules {
  /** Left/right partners among the keypoints, as positions. */
  pairs: readonly (readonly [number, number])[];
  /** Boxes and polygons of which a smaller share of the area stays are dropped, in 0 … 1. */
  minVisible: number;
}

/**
 * A sample's labels under a placement, as the pipeline moves them: cut to what is shown, then mapped. Classes, tags,
 * values and attributes stay; a box becomes the hull of what stays of it, and keeps its flags; a keypoint outside stays,
 * as not visible; what nothing stays of, or too little, is dropped. Where boxes, keypoints and polygons are linked, an
 * instance stays or goes as a whole, as its box does (its polygon, where it has no box).
 */
export function movedLabels(sample: Sample, placement: Placement, rules: LabelRules): Sample {
  const moved: Sample = {
    ...sample,
    affine: chain(sample.affine, placement.affine),
    image_size: [placement.size.width, placement.size.height],
  };
  const cut = sample.boxes && clippedBoxes(sample.boxes, sample.box_visible, placement.region);
  const outlines = sample.polygons && clippedPolygons(sample.polygons, placement.region);
  const boxesKept = cut && kept(cut.visible, rules.minVisible);
  const outlinesKept = outlines && kept(outlines.visible, rules.minVisible);
  const linked = sample.linked ? (boxesKept ?? outlinesKept) : undefined;
  if (cut && boxesKept) putBoxes(moved, cut, boxesKept, placement);
  if (outlines && outlinesKept) putPolygons(moved, outlines.polygons, linked ?? outlinesKept, placement);
  if (sample.keypoints) {
    const flagged = sample.keypoints.map((points) => movedKeypoints(points, placement, rules.pairs));
    moved.keypoints = linked ? chosen(flagged, linked) : flagged;
  }
  return moved;
}

interface ClippedBoxes {
  corners: Box[];
  visible: number[];
}

function clippedBoxes(boxes: readonly Box[], visible: readonly number[] | undefined, region: Convex): ClippedBoxes {
  const rect = rectIn(region);
  const cut = boxes.map((box) => (rect ? clipToRect(box, rect) : clipToConvex(box, region)));
  return {
    corners: cut.map(([corners]) => corners),
    visible: cut.map(([, share], at) => (share > WHOLE ? 1 : share) * (visible?.[at] ?? 1)),
  };
}

/** A box cut to a rectangle, and the share of its area that stays; one without area is in or out as a whole. */
function clipToRect([x0, y0, x1, y1]: Box, window: Rect): [Box, share: number] {
  const clampX = (x: number): number => Math.min(Math.max(x, window.x0), window.x1);
  const clampY = (y: number): number => Math.min(Math.max(y, window.y0), window.y1);
  const cut: Box = [clampX(x0), clampY(y0), clampX(x1), clampY(y1)];
  const area = (x1 - x0) * (y1 - y0);
  if (area > 0) return [cut, Math.min(((cut[2] - cut[0]) * (cut[3] - cut[1])) / area, 1)];
  const beside = x1 < window.x0 - OVERSHOOT || x0 > window.x1 + OVERSHOOT;
  return [cut, beside || y1 < window.y0 - OVERSHOOT || y0 > window.y1 + OVERSHOOT ? 0 : 1];
}

/** As {@link clipToRect}; the box becomes the hull of what stays. */
function clipToConvex(box: Box, region: Convex): [Box, share: number] {
  const [x0, y0, x1, y1] = box;
  const area = (x1 - x0) * (y1 - y0);
  if (area <= 0) return [box, holding(region, OVERSHOOT)((x0 + x1) / 2, (y0 + y1) / 2) ? 1 : 0];
  const ring = clipRing(region, [x0, y0, x1, y0, x1, y1, x0, y1]);
  if (ring.length === 0) return [box, 0];
  const points = Array.from({ length: ring.length / 2 }, (_, at) => pointOf(ring, at));
  const around = hull(points);
  return [[around.x0, around.y0, around.x1, around.y1], Math.abs(signedArea(ring)) / area];
}

interface ClippedPolygons {
  polygons: Ring[][];
  visible: number[];
}

function clippedPolygons(polygons: readonly Ring[][], region: Convex): ClippedPolygons {
  const cut = polygons.map((rings) => rings.map((ring) => clipRing(region, ring)).filter((ring) => signedArea(ring)));
  const visible = polygons.map((rings, at) => {
    const whole = Math.abs(areaOf(rings));
    return whole > 0 ? Math.abs(areaOf(cut[at] as Ring[])) / whole : 0;
  });
  return { polygons: cut, visible };
}

function areaOf(rings: readonly Ring[]): number {
  return rings.reduce((sum, ring) => sum + signedArea(ring), 0);
}

function kept(visible: readonly number[], minVisible: number): boolean[] {
  return visible.map((share) => share > 0 && share >= minVisible);
}

function chosen<T>(items: readonly T[], stays: readonly boolean[]): T[] {
  return items.filter((_, at) => stays[at]);
}

function putBoxes(moved: Sample, cut: ClippedBoxes, stays: readonly boolean[], { affine, size }: Placement): void {
  const inX = (x: number): number => Math.min(Math.max(x, 0), size.width);
  const inY = (y: number): number => Math.min(Math.max(y, 0), size.height);
  moved.boxes = chosen(cut.corners, stays).map(([x0, y0, x1, y1]) => {
    const around = mappedHull(affine, { x0, y0, x1, y1 });
    // The map's rounding must not carry a box over the edge at which it was cut.
    return [inX(around.x0), inY(around.y0), inX(around.x1), inY(around.y1)];
  });
  const visible = chosen(cut.visible, stays);
  delete moved.box_visible;
  if (visible.some((share) => share < 1)) moved.box_visible = visible;
  if (moved.box_classes) moved.box_classes = chosen(moved.box_classes, stays);
  if (!moved.box_flags) return;
  const flags = chosen(moved.box_flags, stays);
  delete moved.box_flags;
  if (flags.some((flag) => flag !== 0)) moved.box_flags = flags;
}

function putPolygons(moved: Sample, polygons: Ring[][], stays: readonly boolean[], { affine }: Placement): void {
  moved.polygons = chosen(polygons, stays).map((rings) => rings.map((ring) => movedRing(ring, affine)));
  if (moved.polygon_classes) moved.polygon_classes = chosen(moved.polygon_classes, stays);
}

function pointOf(ring: Ring, at: number): [x: number, y: number] {
  return [ring[2 * at] as number, ring[2 * at + 1] as number];
}

function movedRing(ring: Ring, affine: Placement['affine']): Ring {
  return Array.from({ length: ring.length / 2 }, (_, at) => mapped(affine, ...pointOf(ring, at))).flat();
}

function movedKeypoints(points: readonly Keypoint[], placement: Placement, pairs: LabelRules['pairs']): Keypoint[] {
  const shown = holding(placement.region, OVERSHOOT);
  const moved = points.map(([x, y, v]): Keypoint => {
    if (v === 0) return [0, 0, 0];
    return [...mapped(placement.affine, x, y), v === 2 && !shown(x, y) ? 1 : v];
  });
  const { affine } = placement;
  if (affine[0] * affine[4] - affine[1] * affine[3] > 0) return moved;
  // A mirror turns left into right for a viewer.
  const swapped = [...moved];
  for (const [left, right] of pairs)
    [swapped[left], swapped[right]] = [moved[right] as Keypoint, moved[left] as Keypoint];
  return swapped;
}
