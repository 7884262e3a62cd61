import { inSplitOrder } from '../client/splits.ts';
import { element } from '../page/element.ts';
import { countText } from '../page/quantity.ts';
import type { DatasetSummary } from '../page/server.ts';
import { type Place, writePlace } from './place.ts';

function sizeText({ image }: DatasetSummary): string {
  return image.width === null || image.height === null ? 'sizes differ' : `${image.width} × ${image.height}`;
}

function formatText({ image }: DatasetSummary): string {
  return image.subsampling ? `${image.format} ${image.subsampling}` : image.format;
}

/** The name of a dataset, what it is in one line, and the tabs. */
export function datasetHead(dataset: DatasetSummary, place: Place): HTMLElement {
  const splits = inSplitOrder(Object.keys(dataset.splits)).map(
    (name) => `${name} ${countText(dataset.splits[name]?.samples ?? 0)}`,
  );
  const facts = [
    `${formatText(dataset)}, ${sizeText(dataset)}`,
    dataset.labels.join(', ') || 'no labels',
    splits.join(' · '),
  ];
  const tab = (view: Place['view'], text: string): HTMLElement =>
    element(
      'a',
      {
        href: writePlace({ ...place, view }),
        'aria-current': view === place.view ? 'page' : null,
        'data-testid': `view-${view}`,
      },
      text,
    );
  return element(
    'header',
    { class: 'dataset-head' },
    element(
      'div',
      {},
      element('h1', { 'data-testid': 'dataset-name' }, dataset.name),
      element(
        'ul',
        { class: 'dataset-facts' },
        ...facts.map((fact) => element('li', {}, fact)),
        element('li', { class: 'mono', title: `digest ${dataset.digest}` }, dataset.digest.slice(0, 12)),
      ),
    ),
    element('nav', { class: 'tabs', 'aria-label': 'View' }, tab('samples', 'Samples'), tab('ledger', 'Ledger')),
  );
}
