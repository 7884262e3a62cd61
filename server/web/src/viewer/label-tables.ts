import { type Child, element } from '../page/element.ts';
import { classChip } from '../page/palette.ts';
import { countText, decimalText } from '../page/quantity.ts';
import type { BrowsedSample } from '../page/server.ts';
import { flagWords } from './flags.ts';
import type { LabelNames } from './overlay.ts';

const VISIBILITY = ['not labelled', 'not visible', 'visible'];

function table(caption: string, head: readonly string[], lines: readonly Child[][]): HTMLElement {
  return element(
    'table',
    { class: 'labels' },
    element('caption', {}, caption),
    element('thead', {}, element('tr', {}, ...head.map((text) => element('th', { scope: 'col' }, text)))),
    element('tbody', {}, ...lines.map((line) => element('tr', {}, ...line.map((cell) => element('td', {}, cell))))),
  );
}

function className(id: number, names: LabelNames): HTMLElement {
  return classChip(id, id < 0 ? 'no class' : (names.classes[id] ?? String(id)));
}

function boxTable({ boxes = [], ...sample }: BrowsedSample, names: LabelNames): HTMLElement {
  const flagged = sample.box_flags !== undefined;
  const lines = boxes.map((box, position): Child[] => {
    const share = sample.box_visible?.[position] ?? 1;
    const flags = flagWords(sample.box_flags?.[position] ?? 0).join(', ');
    return [
      className(sample.box_classes?.[position] ?? -1, names),
      ...box.map(decimalText),
      share < 1 ? `${Math.round(share * 100)} %` : 'whole',
      ...(flagged ? [flags] : []),
    ];
  });
  const head = ['class', 'x0', 'y0', 'x1', 'y1', 'visible', ...(flagged ? ['flags'] : [])];
  return table(`${countText(boxes.length)} box${boxes.length === 1 ? '' : 'es'}`, head, lines);
}

function polygonTable({ polygons = [], ...sample }: BrowsedSample, names: LabelNames): HTMLElement {
  const lines = polygons.map((rings, position): Child[] => [
    className(sample.polygon_classes?.[position] ?? -1, names),
    String(rings.length),
    String(rings.reduce((sum, ring) => sum + ring.length / 2, 0)),
  ]);
  return table(
    `${countText(polygons.length)} polygon${polygons.length === 1 ? '' : 's'}`,
    ['class', 'rings', 'corners'],
    lines,
  );
}

/** The boxes, polygons and keypoints of a sample in numbers. */
export function labelTables(sample: BrowsedSample, names: LabelNames): HTMLElement {
  const part = element('section', { class: 'detail-labels' });
  if (sample.boxes?.length) part.append(boxTable(sample, names));
  if (sample.polygons?.length) part.append(polygonTable(sample, names));
  for (const [instance, points] of (sample.keypoints ?? []).entries()) {
    const lines = points.map(([x, y, v], position): Child[] => [
      classChip(position, names.keypoints?.names[position] ?? String(position)),
      ...(v === 0 ? ['', ''] : [decimalText(x), decimalText(y)]),
      VISIBILITY[v] ?? String(v),
    ]);
    part.append(table(`Keypoints of instance ${instance + 1}`, ['name', 'x', 'y', 'visible'], lines));
  }
  return part;
}
