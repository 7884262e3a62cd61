import * as tf from '@tensorflow/tfjs';
import type { Batch, Dataset, OrderKind, Subset } from '../client/client.ts';
import { disposeBatch, goalOf, type Subject } from './goal.ts';
import type { Network } from './network.ts';
import type { Objective } from './objective.ts';

/** What a training run is to do. */
export interface TrainingPlan {
  dataset: Dataset;
  network: Network;
  objective: Objective;
  task: Subject;
  trainSplit: string;
  /** Null to train without validation. */
  valSplit: string | null;
  epochs: number;
  batchSize: number;
  learningRate: number;
  seed: number;
  /** Only a few samples, to see whether the network can learn them by heart. */
  subset: Subset | null;
}

/** Means over the samples of a pass. */
export interface PassFigures {
  loss: number;
  figure: number;
}

/** An epoch that is over. `tensors` is tf.memory().numTensors at its end: flat, or something leaks. */
export interface EpochReport {
  epoch: number;
  train: PassFigures;
  val: PassFigures | null;
  samples: number;
  seconds: number;
  order: OrderKind;
  tensors: number;
}

/** What is told while it runs. `at` is in epochs. */
export interface TrainingListener {
  step(at: number, loss: number): void;
  epoch(report: EpochReport): void;
}

/** Steps whose figures may still be on their way from the GPU: reading at once would wait for it at every step. */
const READS_IN_FLIGHT = 2;

/** Sums of a pass, filled as the figures arrive. */
class Pass {
  readonly #reads: Promise<void>[] = [];
  #loss = 0;
  #figure = 0;
  samples = 0;

  /** Takes a [loss, figure] tensor of n samples, reads it without holding up the GPU, and disposes it. */
  async add(figures: tf.Tensor1D, n: number, tell: (loss: number) => void = () => undefined): Promise<void> {
    const read = figures.data().then(([loss = Number.NaN, figure = Number.NaN]) => {
      figures.dispose();
      this.#loss += loss * n;
      this.#figure += figure * n;
      this.samples += n;
      tell(loss);
    });
    this.#reads.push(read);
    if (this.#reads.length > READS_IN_FLIGHT) await this.#reads.shift();
  }

  async means(): Promise<PassFigures> {
    await Promise.all(this.#reads.splice(0));
    return { loss: this.#loss / this.samples, figure: this.#figure / this.samples };
  }
}

/** One run; `stop` ends it after the step that is under way. */
export class Training {
  readonly #plan: TrainingPlan;
  #stopped = false;

  constructor(plan: TrainingPlan) {
    this.#plan = plan;
  }

  /** Whether it was told to stop. */
  get stopped(): boolean {
    return this.#stopped;
  }

  stop(): void {
    this.#stopped = true;
  }

  /** Trains until the epochs are over or it is stopped. An epoch that was cut short is not reported. */
  async run(listener: TrainingListener): Promise<void> {
    const optimizer = tf.train.adam(this.#plan.learningRate);
    try {
      for (let epoch = 0; epoch < this.#plan.epochs && !this.#stopped; epoch++) {
        const report = await this.#epoch(optimizer, epoch, listener);
        if (report) listener.epoch(report);
      }
    } finally {
      optimizer.dispose();
    }
  }

  async #epoch(optimizer: tf.Optimizer, epoch: number, listener: TrainingListener): Promise<EpochReport | null> {
    const { dataset, trainSplit, valSplit, batchSize, seed, subset, task } = this.#plan;
    const started = performance.now();
    const planned = await this.#samples();
    const pass = new Pass();
    let order: OrderKind = 'full';
    let seen = 0;
    const batches = dataset.batches({ split: trainSplit, batchSize, seed, epoch, task, ...(subset && { subset }) });
    for await (const batch of batches) {
      order = batch.order;
      seen += batch.keys.length;
      const at = epoch + seen / planned;
      await pass.add(this.#step(optimizer, batch), batch.keys.length, (loss) => listener.step(at, loss));
      if (this.#stopped) break;
    }
    const train = await pass.means();
    const seconds = (performance.now() - started) / 1000;
    const val = valSplit && !this.#stopped ? await this.#validate(valSplit) : null;
    if (this.#stopped) return null;
    return { epoch, train, val, samples: pass.samples, seconds, order, tensors: tf.memory().numTensors };
  }

  async #samples(): Promise<number> {
    const { dataset, trainSplit, subset } = this.#plan;
    const all = (await dataset.index()).splits[trainSplit]?.samples ?? 0;
    return subset ? Math.min(subset.n, all) : all;
  }

  /** One optimiser step; the batch is disposed. */
  #step(optimizer: tf.Optimizer, batch: Batch): tf.Tensor1D {
    const figures = tf.tidy(() => {
      const goal = goalOf(batch);
      let measured: tf.Scalar | undefined;
      const loss = optimizer.minimize(() => {
        const outputs = this.#plan.network.trained.apply(batch.xs, { training: true }) as tf.Tensor2D;
        // Kept, because minimize disposes everything that it makes but the loss.
        measured = tf.keep(this.#plan.objective.measure(outputs, goal));
        return this.#plan.objective.loss(outputs, goal);
      }, true);
      const both = tf.stack([loss as tf.Scalar, measured as tf.Scalar]) as tf.Tensor1D;
      measured?.dispose();
      return both;
    });
    disposeBatch(batch);
    return figures;
  }

  async #validate(split: string): Promise<PassFigures> {
    const { dataset, batchSize, task, network, objective } = this.#plan;
    const pass = new Pass();
    for await (const batch of dataset.batches({ split, batchSize, shuffle: false, task })) {
      const figures = tf.tidy(() => {
        const goal = goalOf(batch);
        const outputs = network.trained.apply(batch.xs) as tf.Tensor2D;
        return tf.stack([objective.loss(outputs, goal), objective.measure(outputs, goal)]) as tf.Tensor1D;
      });
      disposeBatch(batch);
      await pass.add(figures, batch.keys.length);
      if (this.#stopped) break;
    }
    return pass.means();
  }
}
