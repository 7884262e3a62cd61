import { element } from '../page/element.ts';
import { Curve } from './curve.ts';
import type { Objective } from './objective.ts';
import type { EpochReport, TrainingListener } from './training.ts';

function figure(value: number | undefined, digits: number): string {
  return value === undefined ? '–' : value.toFixed(digits);
}

/** The curves of a run and its table of epochs. */
export class RunBoard implements TrainingListener {
  readonly root: HTMLElement;
  readonly #loss = new Curve('Loss', ['steps', 'train', 'val'], 'curve-loss');
  readonly #figure: Curve;
  readonly #lines = element('tbody');

  constructor(objective: Objective) {
    this.#figure = new Curve(objective.figure, ['train', 'val'], 'curve-figure');
    const heads = [
      'epoch',
      'loss',
      objective.figure,
      'val loss',
      `val ${objective.figure}`,
      'images/s',
      'order',
      'tensors',
    ];
    const head = element('tr', {}, ...heads.map((text) => element('th', { scope: 'col' }, text)));
    this.root = element(
      'section',
      { class: 'board', 'data-testid': 'run' },
      element('div', { class: 'curves' }, this.#loss.root, this.#figure.root),
      element(
        'div',
        { class: 'table-frame' },
        element('table', { class: 'epochs' }, element('thead', {}, head), this.#lines),
      ),
    );
  }

  step(at: number, loss: number): void {
    this.#loss.add('steps', [at, loss]);
  }

  epoch({ epoch, train, val, samples, seconds, order, tensors }: EpochReport): void {
    const at = epoch + 1;
    this.#loss.add('train', [at, train.loss]);
    this.#figure.add('train', [at, train.figure]);
    if (val) {
      this.#loss.add('val', [at, val.loss]);
      this.#figure.add('val', [at, val.figure]);
    }
    const cells: [string, string][] = [
      ['epoch', String(at)],
      ['loss', figure(train.loss, 4)],
      ['figure', figure(train.figure, 3)],
      ['val-loss', figure(val?.loss, 4)],
      ['val-figure', figure(val?.figure, 3)],
      ['rate', (samples / seconds).toFixed(0)],
      ['order', order],
      ['tensors', String(tensors)],
    ];
    // Newest first: the line that matters stays in view however long it trains.
    this.#lines.prepend(
      element(
        'tr',
        { 'data-testid': 'epoch' },
        ...cells.map(([name, text]) => element('td', { 'data-figure': name }, text)),
      ),
    );
  }
}
