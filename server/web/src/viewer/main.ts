import '../page/theme.css';
import '../page/controls.css';
import './viewer.css';
import './ledger.css';
import './detail.css';
import { openDataset } from '../client/client.ts';
import { absenceNotice } from '../page/absence.ts';
import { part } from '../page/element.ts';
import { keepingNote } from '../page/keeping.ts';
import { emptyNotice, failureNotice } from '../page/notice.ts';
import type { DatasetSummary } from '../page/server.ts';
import { openShelf, type Shelf } from '../page/shelf.ts';
import { SyncPanel } from '../page/sync-panel.ts';
import { datasetHead } from './dataset-head.ts';
import { datasetList } from './dataset-list.ts';
import { filters } from './filters.ts';
import { Gallery } from './gallery.ts';
import { ledger } from './ledger.ts';
import type { LabelNames } from './overlay.ts';
import { type Place, readPlace, writePlace } from './place.ts';

/** The page: shows whatever place the address names. */
class Viewer {
  readonly #shelf: Shelf;
  readonly #names = new Map<string, LabelNames>();
  #panel: { of: string; panel: SyncPanel } | null = null;
  #gallery: Gallery | null = null;

  constructor(shelf: Shelf) {
    this.#shelf = shelf;
  }

  /** Shows the place of the address, and again whenever it changes. */
  start(): void {
    addEventListener('hashchange', () => void this.#show());
    void this.#show();
  }

  async #show(): Promise<void> {
    this.#gallery?.close();
    const asked = readPlace(location.hash);
    const dataset = this.#shelf.datasets.find(({ name }) => name === asked.dataset) ?? this.#shelf.datasets[0];
    if (!dataset) return;
    const place: Place = { ...asked, dataset: dataset.name };
    const hash = location.hash;
    document.title = `${dataset.name} · dataprep`;
    part('datasets').replaceChildren(datasetList(this.#shelf.datasets, place));
    this.#showPanel(dataset);
    const view = part('view');
    try {
      const names = await this.#namesOf(dataset);
      // Another place may have been gone to meanwhile.
      if (location.hash !== hash) return;
      view.replaceChildren(datasetHead(dataset, place), ...this.#content(dataset, names, place));
    } catch (thrown) {
      view.replaceChildren(failureNotice(thrown));
    }
  }

  #content(dataset: DatasetSummary, names: LabelNames, place: Place): HTMLElement[] {
    const go = (change: Partial<Place>): void => {
      location.hash = writePlace({ ...place, ...change });
    };
    if (place.view === 'ledger') return [ledger(this.#shelf, dataset, place.status, (status) => go({ status }))];
    this.#gallery = new Gallery(this.#shelf, dataset, names, {
      split: place.split,
      class: place.class,
      key: place.key,
    });
    return [filters(dataset, place, go), this.#gallery.root];
  }

  #showPanel(dataset: DatasetSummary): void {
    if (this.#panel?.of === dataset.name) return;
    this.#panel?.panel.close();
    this.#panel = {
      of: dataset.name,
      panel: new SyncPanel(openDataset(location.origin, dataset.name), this.#shelf.online ? dataset.digest : null),
    };
    part('sync').replaceChildren(this.#panel.panel.root);
  }

  async #namesOf(dataset: DatasetSummary): Promise<LabelNames> {
    let names = this.#names.get(dataset.name);
    if (!names) {
      const keypoints = dataset.labels.includes('keypoints') ? (await this.#shelf.index(dataset.name)).keypoints : null;
      names = { classes: dataset.classes, keypoints };
      this.#names.set(dataset.name, names);
    }
    return names;
  }
}

part('keeping').replaceChildren(keepingNote());
try {
  const shelf = await openShelf();
  if (!shelf.online) part('absence').replaceChildren(absenceNotice());
  if (shelf.datasets.length === 0) {
    part('view').replaceChildren(emptyNotice('No store is being served. Build one, then: dataprep serve STORE.db'));
  }
  new Viewer(shelf).start();
} catch (thrown) {
  part('view').replaceChildren(failureNotice(thrown));
}
