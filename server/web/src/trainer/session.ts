import * as tf from '@tensorflow/tfjs';
import { type Dataset, type DatasetStatus, openDataset } from '../client/client.ts';
import { inSplitOrder } from '../client/splits.ts';
import { element } from '../page/element.ts';
import { emptyNotice, failureNotice } from '../page/notice.ts';
import type { DatasetSummary } from '../page/server.ts';
import { SyncPanel } from '../page/sync-panel.ts';
import type { Subject } from './goal.ts';
import { buildNetwork, type Network } from './network.ts';
import { objectiveOf } from './objective.ts';
import { RunBoard } from './run-board.ts';
import { OVERFIT, type Settings, SettingsForm, tasksOf } from './settings.ts';
import { inputStrip } from './strip.ts';
import { Training } from './training.ts';

/** One dataset on the trainer's page: its copy in this browser, its inputs, and the run. */
export class Session {
  readonly side = element('div', { class: 'side-parts' });
  readonly main = element('div', { class: 'session' });
  readonly #summary: DatasetSummary;
  readonly #dataset: Dataset;
  readonly #panel: SyncPanel;
  readonly #form: SettingsForm;
  readonly #inputs = element('section', { class: 'inputs', 'aria-label': 'Inputs' });
  readonly #board = element('div');
  readonly #failure = element('div');
  readonly #start = element(
    'button',
    { class: 'primary', type: 'button', disabled: true, 'data-testid': 'start', click: () => this.#begin() },
    'Train',
  );
  readonly #stop = element(
    'button',
    { type: 'button', hidden: true, 'data-testid': 'stop', click: () => this.#halt() },
    'Stop',
  );
  readonly #save = element(
    'button',
    { type: 'button', disabled: true, 'data-testid': 'save', click: () => void this.#saveModel() },
    'Save model',
  );
  readonly #state = element('span', { class: 'muted', 'data-testid': 'run-state', 'aria-live': 'polite' });
  #training: Training | null = null;
  #network: Network | null = null;
  #running: Promise<void> = Promise.resolve();
  #shown: string | null = null;

  /** @param online whether the summary is the server's, which knows what is current */
  constructor(summary: DatasetSummary, online: boolean) {
    this.#summary = summary;
    this.#dataset = openDataset(location.origin, summary.name, { tf });
    this.#panel = new SyncPanel(
      this.#dataset,
      online ? summary.digest : null,
      (status) => void this.#statusChanged(status),
    );
    this.#form = new SettingsForm(summary, (task) => void this.#showInputs(task));
    const able = tasksOf(summary).length > 0 && summary.image.width !== null;
    this.side.append(this.#panel.root, element('div', { class: 'panel' }, this.#form.root));
    this.main.append(
      this.#inputs,
      element('div', { class: 'buttons run-buttons' }, this.#start, this.#stop, this.#save, this.#state),
      this.#failure,
      this.#board,
    );
    if (!able) this.main.replaceChildren(emptyNotice(unable(summary)));
  }

  /** Stops what is under way and frees the network. */
  async close(): Promise<void> {
    this.#training?.stop();
    this.#panel.close();
    await this.#running;
    this.#network?.dispose();
    this.#network = null;
  }

  get #trainSplit(): string {
    return inSplitOrder(Object.keys(this.#summary.splits))[0] ?? 'train';
  }

  async #statusChanged(status: DatasetStatus): Promise<void> {
    const ready = status.splits[this.#trainSplit]?.synced ?? false;
    this.#start.disabled = !ready;
    if (!ready) {
      this.#shown = null;
      this.#inputs.replaceChildren(emptyNotice('Sync the dataset first: training reads this browser’s copy only.'));
      return;
    }
    if (this.#shown !== status.digest) {
      this.#shown = status.digest;
      await this.#showInputs(this.#form.value().task);
    }
  }

  async #showInputs(task: Subject): Promise<void> {
    if (!this.#shown) return;
    const title = element('h2', {}, 'What the model sees');
    try {
      const strip = await inputStrip(this.#dataset, this.#trainSplit, task, this.#form.value().seed);
      this.#inputs.replaceChildren(title, strip);
      // By now the decode path has been proven, which the panel shows.
      await this.#panel.refresh();
    } catch (thrown) {
      this.#inputs.replaceChildren(title, failureNotice(thrown));
    }
  }

  #begin(): void {
    const settings = this.#form.checked();
    if (settings && !this.#training) this.#running = this.#run(settings);
  }

  async #run(settings: Settings): Promise<void> {
    this.#failure.replaceChildren();
    this.#busy(true);
    try {
      const { training, board } = await this.#prepare(settings);
      this.#training = training;
      this.#board.replaceChildren(board.root);
      this.#save.disabled = false;
      await training.run(board);
      this.#state.textContent = training.stopped ? 'Stopped.' : 'Done.';
    } catch (thrown) {
      this.#failure.replaceChildren(failureNotice(thrown));
      this.#state.textContent = 'Failed.';
    } finally {
      this.#training = null;
      this.#busy(false);
    }
  }

  #halt(): void {
    this.#training?.stop();
    this.#state.textContent = 'Stopping…';
  }

  #busy(busy: boolean): void {
    this.#form.root.disabled = busy;
    this.#start.hidden = busy;
    this.#stop.hidden = !busy;
    this.#panel.root.inert = busy;
    if (busy) this.#state.textContent = 'Training…';
  }

  async #prepare(settings: Settings): Promise<{ training: Training; board: RunBoard }> {
    const index = await this.#dataset.index();
    const { width, height } = index.image;
    if (width === null || height === null) throw new Error(unable(this.#summary));
    const { task, overfit } = settings;
    const outputs = task === 'class' ? index.classes.length : 2 * (index.keypoints?.names.length ?? 0);
    this.#network?.dispose();
    this.#network = buildNetwork({ width, height, task, outputs, seed: settings.seed });
    const objective = objectiveOf(task, width, height);
    const status = await this.#dataset.status();
    const training = new Training({
      ...settings,
      dataset: this.#dataset,
      network: this.#network,
      objective,
      trainSplit: this.#trainSplit,
      // Sixteen samples learnt by heart say nothing about others.
      valSplit: status.splits.val?.synced && !overfit ? 'val' : null,
      subset: overfit ? { n: OVERFIT, seed: settings.seed } : null,
    });
    return { training, board: new RunBoard(objective) };
  }

  /** Two files, NAME.json and NAME.weights.bin, as tf.loadLayersModel takes them; the contract lies in the first. */
  async #saveModel(): Promise<void> {
    const network = this.#network;
    if (!network) return;
    try {
      network.finished.setUserDefinedMetadata({ contract: await this.#dataset.contract() });
      await network.finished.save(`downloads://${this.#summary.name}`);
    } catch (thrown) {
      this.#failure.replaceChildren(failureNotice(thrown));
    }
  }
}

function unable({ name, image }: DatasetSummary): string {
  return image.width === null
    ? `The images of ${name} differ in size. Add a resize to its manifest to train on it here.`
    : `${name} has neither classes nor keypoints, which are what this page trains on.`;
}
