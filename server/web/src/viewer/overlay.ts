import type { Box, KeypointSpec, Ring, SampleLabels } from '../client/wire.ts';
import { type Attributes, svgElement } from '../page/element.ts';
import { dashOf, hueClass } from '../page/palette.ts';
import { flagWords, isUnsure } from './flags.ts';

/** What the names of classes and keypoints are. */
export interface LabelNames {
  classes: readonly string[];
  keypoints: KeypointSpec | null;
}

/** The width of the picture, and how long a screen pixel is, both in pixels of the stored image. */
interface Scale {
  width: number;
  unit: number;
}

/** The dashes of boxes that are flagged as a crowd or as difficult. */
const UNSURE = '4 4';

/** Every outline is drawn twice, dark below and coloured above, so that it shows on any picture. */
function outlined(tag: 'rect' | 'circle' | 'path', attributes: Attributes, look: string, dash = ''): SVGElement[] {
  return [
    svgElement(tag, { ...attributes, class: 'halo' }),
    svgElement(tag, { ...attributes, class: look, 'stroke-dasharray': dash || null }),
  ];
}

function boxShapes([x0, y0, x1, y1]: Box, id: number, flags: number, caption: string, scale: Scale): SVGElement[] {
  const place = { x: x0, y: y0, width: Math.max(0, x1 - x0), height: Math.max(0, y1 - y0) };
  const look = `outline ${hueClass(id)}`;
  const shapes = outlined('rect', place, look, isUnsure(flags) ? UNSURE : dashOf(id));
  if (caption) shapes.push(captionOf([x0, y0, x1, y1], caption, scale));
  return shapes;
}

function captionOf([x0, y0, x1]: Box, caption: string, { width, unit }: Scale): SVGElement {
  // Above the box, unless that is outside the picture.
  const y = y0 > unit * 16 ? y0 - unit * 5 : y0 + unit * 14;
  // Near the right edge it is written towards the left.
  const end = x0 > width - unit * 80;
  const x = end ? x1 - unit * 3 : x0 + unit * 3;
  const look = { class: 'caption', 'font-size': unit * 12, 'text-anchor': end ? 'end' : null };
  return svgElement('text', { x, y, ...look }, caption);
}

/** The path of an instance's rings. */
export function pathOf(rings: readonly Ring[]): string {
  return rings
    .map((ring) => `M${ring.map((value, at) => (at > 0 && at % 2 === 0 ? `L${value}` : String(value))).join(' ')}Z`)
    .join('');
}

/** The box around an instance's rings; null where it has none. */
function hullOf(rings: readonly Ring[]): Box | null {
  const values = rings.flat();
  if (values.length === 0) return null;
  const [xs, ys] = [values.filter((_, at) => at % 2 === 0), values.filter((_, at) => at % 2 === 1)];
  return [Math.min(...xs), Math.min(...ys), Math.max(...xs), Math.max(...ys)];
}

function polygonShapes(rings: readonly Ring[], id: number, caption: string, scale: Scale): SVGElement[] {
  const look = `outline area ${hueClass(id)}`;
  const shapes = outlined('path', { d: pathOf(rings) }, look, dashOf(id));
  const hull = hullOf(rings);
  if (caption && hull) shapes.push(captionOf(hull, caption, scale));
  return shapes;
}

/**
 * The labels of a sample as a layer over its picture, in coordinates of the stored image.
 *
 * @param captions whether boxes and polygons carry their class names
 */
export function overlay(sample: SampleLabels, names: LabelNames, captions: boolean): SVGSVGElement {
  const [width, height] = sample.image_size;
  // The size of a screen pixel when the picture is shown some 560 pixels wide.
  const unit = Math.max(width, height) / 560;
  const layer = svgElement('svg', { class: 'overlay', viewBox: `0 0 ${width} ${height}`, 'aria-hidden': 'true' });
  const scale = { width, unit };
  for (const [position, rings] of (sample.polygons ?? []).entries()) {
    const id = sample.polygon_classes?.[position] ?? -1;
    layer.append(...polygonShapes(rings, id, captions ? (names.classes[id] ?? '') : '', scale));
  }
  for (const [position, box] of (sample.boxes ?? []).entries()) {
    const id = sample.box_classes?.[position] ?? -1;
    const flags = sample.box_flags?.[position] ?? 0;
    const words = captions ? [names.classes[id] ?? '', ...flagWords(flags)] : [];
    layer.append(...boxShapes(box, id, flags, words.join(' ').trim(), scale));
  }
  for (const instance of sample.keypoints ?? []) {
    // Sixty landmarks on a small picture would hide it.
    const radius = captions ? 4 : instance.length > 20 ? 5 : 9;
    for (const [position, [x, y, v]] of instance.entries()) {
      if (v === 0) continue;
      const place = { cx: x, cy: y, r: radius * unit };
      layer.append(...outlined('circle', place, `${v === 2 ? 'point' : 'point unseen'} ${hueClass(position)}`));
    }
  }
  return layer;
}
