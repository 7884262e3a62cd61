import type { Augmented } from '../augmentation.ts';
import { WorkerLink, WorkerLost } from '../decode/worker-link.ts';
import { type Packed, unpacked } from './packed.ts';
import type { VariationJob } from './worker.ts';
import AugmentWorker from './worker.ts?worker&inline';

/** As many as decode: pictures come from those no faster. */
const MOST_WORKERS = 4;

/** Milliseconds without a job after which the workers are ended; they are started again when there is one. */
const IDLE = 3000;

interface Hand {
  link: WorkerLink<VariationJob, Packed>;
  /** Jobs that are not finished. */
  load: number;
}

/** The workers of a page that vary samples. */
export class AugmentCrew {
  #hands: Hand[] = [];
  #pending = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #lost = false;

  /**
   * Has the least busy do a job, which takes the memory of its pictures along.
   *
   * @returns null where no worker can be started, or they have broken down
   */
  async run(job: VariationJob): Promise<Augmented[] | null> {
    if (this.#lost) return null;
    clearTimeout(this.#timer);
    this.#pending += 1;
    try {
      return await this.#do(job);
    } catch (thrown) {
      if (!(thrown instanceof WorkerLost)) throw thrown;
      // For good: one that cannot be started now could not be in three seconds either.
      this.#lost = true;
      this.#end(thrown);
      return null;
    } finally {
      this.#pending -= 1;
      if (this.#pending === 0) this.#timer = setTimeout(() => this.#end(null), IDLE);
    }
  }

  async #do(job: VariationJob): Promise<Augmented[]> {
    const hand = this.#free();
    hand.load += 1;
    try {
      return unpacked(await hand.link.ask(job, ownedBuffers(job.samples)));
    } finally {
      hand.load -= 1;
    }
  }

  #free(): Hand {
    const most = Math.min(MOST_WORKERS, globalThis.navigator?.hardwareConcurrency || 1);
    const idle = this.#hands.find(({ load }) => load === 0);
    if (idle || this.#hands.length === most) {
      return idle ?? this.#hands.reduce((best, each) => (each.load < best.load ? each : best));
    }
    const hand = {
      link: new WorkerLink<VariationJob, Packed>(() => new AugmentWorker({ name: 'dataprep' })),
      load: 0,
    };
    this.#hands.push(hand);
    return hand;
  }

  #end(reason: unknown): void {
    clearTimeout(this.#timer);
    for (const { link } of this.#hands.splice(0)) link.end(reason);
  }
}

/** The buffers of pictures that nothing else lies in. */
function ownedBuffers(samples: readonly Augmented[]): ArrayBuffer[] {
  const owned = samples.map(({ picture: { rgb } }) => rgb).filter(({ length, buffer }) => length === buffer.byteLength);
  return [...new Set(owned.map(({ buffer }) => buffer))];
}
