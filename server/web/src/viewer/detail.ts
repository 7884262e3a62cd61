import type { Mask } from '../client/decode/mask.ts';
import type { ImageSpec } from '../client/wire.ts';
import { type Child, element } from '../page/element.ts';
import { failureNotice, isAbort } from '../page/notice.ts';
import { classChip } from '../page/palette.ts';
import { decimalText } from '../page/quantity.ts';
import type { BrowsedSample, LedgerRow } from '../page/server.ts';
import type { Shelf } from '../page/shelf.ts';
import { labelTables } from './label-tables.ts';
import { droppedText } from './ledger.ts';
import { maskLayer, maskShares } from './mask-layer.ts';
import { type LabelNames, overlay } from './overlay.ts';
import { picture } from './picture.ts';

/** A dialog with one sample, large, and all that is known of it. Arrow keys go to its neighbours. */
export class Detail {
  readonly root = element('dialog', { class: 'detail', 'data-testid': 'detail', 'aria-label': 'Sample' });
  readonly #shelf: Shelf;
  readonly #dataset: string;
  readonly #image: ImageSpec;
  readonly #names: LabelNames;
  readonly #neighbour: (of: BrowsedSample, step: number) => BrowsedSample | undefined;
  #loading = new AbortController();

  /** @param neighbour the sample so many steps away in the gallery, if there is one */
  constructor(
    shelf: Shelf,
    dataset: string,
    image: ImageSpec,
    names: LabelNames,
    neighbour: (of: BrowsedSample, step: number) => BrowsedSample | undefined,
  ) {
    this.#shelf = shelf;
    this.#dataset = dataset;
    this.#image = image;
    this.#names = names;
    this.#neighbour = neighbour;
    this.root.addEventListener('close', () => this.#loading.abort());
    // A click on the backdrop is a click on the dialog itself.
    this.root.addEventListener('click', (event) => event.target === this.root && this.root.close());
  }

  /** Shows a sample at once, and its ledger row when the server has answered. */
  async show(sample: BrowsedSample): Promise<void> {
    this.#loading.abort();
    this.#loading = new AbortController();
    this.#fill(sample, element('p', { class: 'muted' }, 'Reading the ledger…'));
    if (!this.root.open) this.root.showModal();
    try {
      const record = await this.#shelf.record(this.#dataset, sample.id, this.#loading.signal);
      this.root.querySelector('.record')?.replaceWith(recordPart(record));
    } catch (thrown) {
      if (!isAbort(thrown)) this.root.querySelector('.record')?.replaceChildren(failureNotice(thrown));
    }
  }

  #fill(sample: BrowsedSample, record: HTMLElement): void {
    const go = (step: number) => () => {
      const next = this.#neighbour(sample, step);
      if (next) void this.show(next);
    };
    this.root.onkeydown = (event) => {
      if (event.key === 'ArrowLeft') go(-1)();
      if (event.key === 'ArrowRight') go(1)();
    };
    const button = (text: string, label: string, click: () => void, disabled = false) =>
      element('button', { type: 'button', 'aria-label': label, title: label, click, disabled }, text);
    const masked = element('span', { class: 'chips', 'data-testid': 'detail-mask' }, 'Reading the mask…');
    const stage = element(
      'div',
      { class: 'stage' },
      picture(this.#shelf, this.#dataset, this.#image, sample),
      maskLayer(this.#shelf, this.#dataset, sample, this.#names.classes.length, (mask) => {
        masked.replaceChildren(...maskChips(mask, this.#names));
      }),
      overlay(sample, this.#names, true),
    );
    stage.style.aspectRatio = sample.image_size.join(' / ');
    this.root.replaceChildren(
      element(
        'header',
        {},
        element('h2', { class: 'mono key', 'data-testid': 'detail-key' }, sample.key),
        button('←', 'Previous sample', go(-1), !this.#neighbour(sample, -1)),
        button('→', 'Next sample', go(1), !this.#neighbour(sample, 1)),
        button('✕', 'Close', () => this.root.close()),
      ),
      element(
        'div',
        { class: 'detail-body' },
        stage,
        element(
          'div',
          { class: 'detail-text' },
          factsPart(sample, this.#names, sample.mask ? masked : null),
          labelTables(sample, this.#names),
          element('section', { class: 'record' }, record),
        ),
      ),
    );
  }
}

function rows(...pairs: [string, Child][]): HTMLElement {
  const shown = pairs.filter(([, value]) => value !== null);
  return element(
    'dl',
    { class: 'facts' },
    ...shown.flatMap(([term, value]) => [element('dt', {}, term), element('dd', {}, value)]),
  );
}

function factsPart(sample: BrowsedSample, names: LabelNames, mask: HTMLElement | null): HTMLElement {
  const [a, b, c, d, e, f] = sample.affine.map(decimalText);
  return rows(
    ['Split', sample.split],
    [
      'Class',
      sample.class === undefined ? null : classChip(sample.class, names.classes[sample.class] ?? String(sample.class)),
    ],
    ['Tags', sample.tags?.length ? element('span', { class: 'chips' }, ...tagChips(sample.tags, names)) : null],
    ['Mask', mask],
    ...Object.entries(sample.values ?? {}).map(([name, value]): [string, Child] => [name, decimalText(value)]),
    ...Object.entries(sample.attributes ?? {}),
    ['Source', element('span', { 'data-testid': 'detail-source' }, sample.size.join(' × '))],
    ['Stored', sample.image_size.join(' × ')],
    [
      'Affine',
      element(
        'span',
        { class: 'mono affine', 'data-testid': 'detail-affine' },
        `x′ = ${a} x + ${b} y + ${c}\ny′ = ${d} x + ${e} y + ${f}`,
      ),
    ],
    ['SHA-256', element('span', { class: 'mono', title: sample.sha256 }, `${sample.sha256.slice(0, 16)}…`)],
  );
}

function tagChips(ids: readonly number[], names: LabelNames): HTMLElement[] {
  return ids.map((id) => classChip(id, names.classes[id] ?? String(id)));
}

/** What a mask shows: each class with its share of the pixels. */
function maskChips(mask: Mask, names: LabelNames): HTMLElement[] {
  return maskShares(mask).map(([index, share]) => {
    const name = names.classes[index] ?? String(index);
    const text = `${name} ${decimalText(Math.round(share * 1000) / 10)} %`;
    // Index 0 is left clear in the picture, so it has no colour here either.
    return index === 0
      ? element('span', { class: 'chip muted' }, text)
      : classChip(names.classes[index] ? index : -1, text);
  });
}

function recordPart(record: LedgerRow): HTMLElement {
  const dropped = droppedText(record);
  return element(
    'section',
    { class: 'record', 'data-testid': 'detail-record' },
    element('h2', {}, 'Ledger'),
    rows(
      ['Input', element('span', { class: 'mono' }, record.key)],
      ['Status', record.status],
      ['Reason', record.reason],
      ['Note', record.note],
      ['Dropped', dropped || null],
    ),
  );
}
