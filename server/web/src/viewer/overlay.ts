import type { Box, KeypointSpec, SampleLabels } from '../client/wire.ts';
import { type Attributes, svgElement } from '../page/element.ts';
import { dashOf, hueClass } from '../page/palette.ts';

/** What the names of classes and keypoints are. */
export interface LabelNames {
  classes: readonly string[];
  keypoints: KeypointSpec | null;
}

/** Every outline is drawn twice, dark below and coloured above, so that it shows on any picture. */
function outlined(tag: 'rect' | 'circle', attributes: Attributes, look: string, dash = ''): SVGElement[] {
  return [
    svgElement(tag, { ...attributes, class: 'halo' }),
    svgElement(tag, { ...attributes, class: look, 'stroke-dasharray': dash || null }),
  ];
}

function boxShapes(
  [x0, y0, x1, y1]: Box,
  id: number,
  caption: string | null,
  { width, unit }: { width: number; unit: number },
): SVGElement[] {
  const place = { x: x0, y: y0, width: Math.max(0, x1 - x0), height: Math.max(0, y1 - y0) };
  const shapes = outlined('rect', place, `outline ${hueClass(id)}`, dashOf(id));
  if (caption) {
    // Above the box, unless that is outside the picture.
    const y = y0 > unit * 16 ? y0 - unit * 5 : y0 + unit * 14;
    // Near the right edge it is written towards the left.
    const end = x0 > width - unit * 80;
    const x = end ? x1 - unit * 3 : x0 + unit * 3;
    const look = { class: 'caption', 'font-size': unit * 12, 'text-anchor': end ? 'end' : null };
    shapes.push(svgElement('text', { x, y, ...look }, caption));
  }
  return shapes;
}

/**
 * The labels of a sample as a layer over its picture, in coordinates of the stored image.
 *
 * @param captions whether boxes carry their class name
 */
export function overlay(sample: SampleLabels, names: LabelNames, captions: boolean): SVGSVGElement {
  const [width, height] = sample.image_size;
  // The size of a screen pixel when the picture is shown some 560 pixels wide.
  const unit = Math.max(width, height) / 560;
  const layer = svgElement('svg', { class: 'overlay', viewBox: `0 0 ${width} ${height}`, 'aria-hidden': 'true' });
  for (const [position, box] of (sample.boxes ?? []).entries()) {
    const id = sample.box_classes?.[position] ?? 0;
    layer.append(...boxShapes(box, id, captions ? (names.classes[id] ?? null) : null, { width, unit }));
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
