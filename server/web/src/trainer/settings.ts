import { element } from '../page/element.ts';
import type { DatasetSummary } from '../page/server.ts';
import type { Subject } from './goal.ts';

/** What can be chosen before a run. */
export interface Settings {
  task: Subject;
  epochs: number;
  batchSize: number;
  learningRate: number;
  seed: number;
  /** Only 16 samples. */
  overfit: boolean;
}

/** How many samples "overfit" takes. */
export const OVERFIT = 16;

/** The tasks that a dataset has labels for. */
export function tasksOf(dataset: DatasetSummary): Subject[] {
  return (['class', 'keypoints'] as const).filter((task) => dataset.labels.includes(task));
}

function numberField(name: string, text: string, value: number, limits: { min: number; max: number; step: number }) {
  const input = element('input', {
    type: 'number',
    value,
    ...limits,
    'data-testid': `setting-${name}`,
    required: true,
  });
  return { input, root: element('label', { class: 'setting' }, element('span', {}, text), input) };
}

/** The form of settings. */
export class SettingsForm {
  readonly root: HTMLFieldSetElement;
  readonly #task: HTMLSelectElement;
  readonly #overfit = element('input', { type: 'checkbox', 'data-testid': 'setting-overfit' });
  readonly #epochs = numberField('epochs', 'Epochs', 10, { min: 1, max: 10000, step: 1 });
  readonly #batchSize = numberField('batch-size', 'Batch size', 32, { min: 1, max: 1024, step: 1 });
  readonly #learningRate = numberField('learning-rate', 'Learning rate', 0.001, {
    min: 0.000001,
    max: 1,
    step: 0.000001,
  });
  readonly #seed = numberField('seed', 'Seed', 0, { min: 0, max: 1000000, step: 1 });

  constructor(dataset: DatasetSummary, onTask: (task: Subject) => void) {
    this.#task = element(
      'select',
      { 'data-testid': 'setting-task', change: () => onTask(this.value().task) },
      ...tasksOf(dataset).map((task) => element('option', { value: task }, task)),
    );
    this.root = element(
      'fieldset',
      { class: 'settings' },
      element('legend', {}, element('h2', {}, 'Settings')),
      element('label', { class: 'setting' }, element('span', {}, 'Learn'), this.#task),
      this.#epochs.root,
      this.#batchSize.root,
      this.#learningRate.root,
      this.#seed.root,
      element('label', { class: 'field' }, this.#overfit, `Overfit ${OVERFIT} samples first`),
    );
  }

  /** The settings, or null after pointing at what is wrong. */
  checked(): Settings | null {
    for (const { input } of [this.#epochs, this.#batchSize, this.#learningRate, this.#seed]) {
      if (!input.reportValidity()) return null;
    }
    return this.value();
  }

  value(): Settings {
    return {
      task: this.#task.value as Subject,
      epochs: this.#epochs.input.valueAsNumber,
      batchSize: this.#batchSize.input.valueAsNumber,
      learningRate: this.#learningRate.input.valueAsNumber,
      seed: this.#seed.input.valueAsNumber,
      overfit: this.#overfit.checked,
    };
  }
}
