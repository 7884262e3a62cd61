import { element } from '../page/element.ts';
import { emptyNotice } from '../page/notice.ts';
import { classChip } from '../page/palette.ts';
import type { BrowsedSample, DatasetSummary, SampleQuery } from '../page/server.ts';
import type { Shelf } from '../page/shelf.ts';
import { Detail } from './detail.ts';
import { maskLayer } from './mask-layer.ts';
import { type LabelNames, overlay } from './overlay.ts';
import { PagedList } from './paged-list.ts';
import { picture } from './picture.ts';

/** Some two screens of tiles. */
const PAGE = 60;

/** The samples as a grid of pictures with their labels drawn over them. */
export class Gallery {
  readonly root = element('section', { 'data-testid': 'gallery' });
  readonly #list: PagedList<BrowsedSample>;

  constructor(shelf: Shelf, dataset: DatasetSummary, names: LabelNames, filter: SampleQuery) {
    const tiles = element('ul', { class: 'tiles' });
    const detail = new Detail(shelf, dataset.name, dataset.image, names, (of, step) => {
      const at = this.#list.items.findIndex((item) => item.id === of.id);
      return this.#list.items[at + step];
    });
    this.#list = new PagedList({
      into: tiles,
      size: PAGE,
      fetchPage: (after, size, signal) => shelf.samples(dataset.name, filter, after, size, signal),
      show: (sample) => tile(shelf, dataset, names, sample, () => void detail.show(sample)),
      nothing: () => emptyNotice('No sample fits this filter.'),
    });
    this.root.append(tiles, this.#list.foot, detail.root);
  }

  /** Lets go of what is on its way. */
  close(): void {
    this.#list.close();
  }
}

function tile(
  shelf: Shelf,
  dataset: DatasetSummary,
  names: LabelNames,
  sample: BrowsedSample,
  open: () => void,
): HTMLElement {
  const own = sample.class === undefined ? [] : [sample.class];
  const tags = (sample.tags ?? []).filter((tag) => !own.includes(tag));
  const stage = element(
    'span',
    { class: 'stage' },
    picture(shelf, dataset.name, dataset.image, sample),
    maskLayer(shelf, dataset.name, sample, names.classes.length),
    overlay(sample, names, false),
  );
  return element(
    'li',
    {},
    element(
      'button',
      { type: 'button', class: 'tile', 'data-testid': 'tile', 'data-key': sample.key, title: sample.key, click: open },
      stage,
      element(
        'span',
        { class: 'tile-text' },
        ...[...own, ...tags].map((id) => classChip(id, names.classes[id] ?? String(id))),
        element('span', { class: 'mono key' }, sample.key.split('/').at(-1) ?? sample.key),
      ),
    ),
  );
}
