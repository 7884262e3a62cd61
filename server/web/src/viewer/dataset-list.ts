import { element } from '../page/element.ts';
import { countOf } from '../page/quantity.ts';
import type { DatasetSummary } from '../page/server.ts';
import { type Place, writePlace } from './place.ts';

/** How many samples a dataset has in all splits. */
export function sampleCount(dataset: DatasetSummary): number {
  return Object.values(dataset.splits).reduce((sum, split) => sum + split.samples, 0);
}

/** Links to the datasets. */
export function datasetList(datasets: readonly DatasetSummary[], place: Place): HTMLElement {
  const link = (dataset: DatasetSummary): HTMLElement => {
    const there: Place = { dataset: dataset.name, view: place.view, split: '', class: '', key: '', status: '' };
    return element(
      'li',
      {},
      element(
        'a',
        {
          href: writePlace(there),
          'aria-current': dataset.name === place.dataset ? 'true' : null,
          'data-testid': `dataset-${dataset.name}`,
        },
        element('strong', {}, dataset.name),
        element('span', { class: 'muted' }, countOf(sampleCount(dataset), 'sample')),
      ),
    );
  };
  return element('ul', { class: 'dataset-list', 'data-testid': 'datasets' }, ...datasets.map(link));
}
