import { reasonOf } from '../complaint.ts';
import { type DecodeLink, runIn, startDecoder, startHere } from './decode-link.ts';
import type { Decoded, DecodeJob, Run } from './job.ts';
import { type ProofRequest, type ProvenPath, provePath } from './proof.ts';
import { WorkerLost } from './worker-link.ts';

/** More would wait for each other: what they share (a browser's image threads, the page) is busy by then. */
const MOST_WORKERS = 4;

/** Milliseconds without a job after which the workers are ended; they are started again when there is one. */
const IDLE = 3000;

/** What may lie decoded and not yet taken, in bytes, where that is more than one job. */
const AHEAD = 64 * 2 ** 20;

/** How many workers decode here. */
function crewSize(): number {
  return Math.min(MOST_WORKERS, globalThis.navigator?.hardwareConcurrency || 1);
}

/** How many jobs of so many decoded bytes each may be under way, or done and not taken yet. */
export function jobsAhead(bytes: number): number {
  return Math.max(1, Math.min(2 * crewSize(), Math.floor(AHEAD / bytes)));
}

/** Somebody who decodes, a worker or the page's own thread, by the path that is proven there. */
interface Hand {
  run: Run;
  proven: ProvenPath;
  /** Jobs that are not finished. */
  load: number;
}

/** What to decode; by which path is for who does it to say. */
export type Assignment = Omit<DecodeJob, 'path'>;

/** Decodes the pictures of one state of a dataset, in workers where that is possible. */
export class DecodePool {
  readonly #proof: ProofRequest;
  /** Those that were started, also those that have no proof yet. */
  #workers: DecodeLink[] = [];
  #crew: Promise<Hand[]> | null = null;
  #alone: Promise<Hand[]> | null = null;
  #pending = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #ended: { reason: unknown } | null = null;
  #proven: ProvenPath | null = null;
  #loss: string | null = null;

  constructor(proof: ProofRequest) {
    this.#proof = proof;
  }

  /** The proven path; null until then. */
  get proven(): ProvenPath | null {
    return this.#proven;
  }

  /** Why pictures are not decoded in workers; null when they are. */
  get loss(): string | null {
    return this.#loss;
  }

  /** Proves a path, where that has not been done. @throws DataprepError (`decode`) when there is none */
  async ready(): Promise<void> {
    await this.#busy(() => this.#hands());
  }

  /** Decodes some pictures. @throws DataprepError (`decode`) naming the first that fails */
  run(assignment: Assignment): Promise<Decoded> {
    return this.#busy(async () => {
      try {
        return await perform(assignment, await this.#hands());
      } catch (thrown) {
        if (!(thrown instanceof WorkerLost)) throw thrown;
        this.#endWorkers(thrown);
        return await perform(assignment, await this.#stayHere(thrown));
      }
    });
  }

  /** Ends for good; what is not finished rejects with `reason`. */
  end(reason: unknown): void {
    this.#ended = { reason };
    this.#endWorkers(reason);
  }

  async #busy<T>(work: () => Promise<T>): Promise<T> {
    if (this.#ended) throw this.#ended.reason;
    clearTimeout(this.#timer);
    this.#pending += 1;
    try {
      return await work();
    } finally {
      this.#pending -= 1;
      if (this.#pending === 0) this.#timer = setTimeout(() => this.#endWorkers(null), IDLE);
    }
  }

  #hands(): Promise<Hand[]> {
    if (this.#alone) return this.#alone;
    this.#crew ??= this.#start();
    return this.#crew;
  }

  #endWorkers(reason: unknown): void {
    clearTimeout(this.#timer);
    this.#crew = null;
    for (const worker of this.#workers.splice(0)) worker.end(reason);
  }

  /** One worker; the others join when they have proven the path as well. */
  async #start(): Promise<Hand[]> {
    const hands: Hand[] = [];
    const join = async (): Promise<void> => {
      const worker = startDecoder();
      this.#workers.push(worker);
      try {
        hands.push(await this.#proving(runIn(worker)));
      } catch (thrown) {
        worker.end(thrown);
        throw thrown;
      }
    };
    try {
      await join();
    } catch (thrown) {
      if (this.#ended) throw this.#ended.reason;
      return this.#stayHere(thrown);
    }
    // One that cannot is done without: the first can, and does the same.
    for (let more = 1; more < crewSize(); more++) join().catch(() => undefined);
    return hands;
  }

  /** For good: a worker that cannot be started now could not be in three seconds either. */
  #stayHere(because: unknown): Promise<Hand[]> {
    const start = async (): Promise<Hand[]> => {
      const hand = await this.#proving(runIn(startHere()));
      this.#loss = `No worker decodes here, so pictures keep the page busy: ${reasonOf(because)}.`;
      return [hand];
    };
    this.#alone ??= start();
    return this.#alone;
  }

  async #proving(run: Run): Promise<Hand> {
    this.#proven = await provePath(this.#proof, run);
    return { run, proven: this.#proven, load: 0 };
  }
}

/** Has the least busy do it. */
async function perform(assignment: Assignment, hands: readonly Hand[]): Promise<Decoded> {
  const hand = hands.reduce((best, each) => (each.load < best.load ? each : best));
  hand.load += 1;
  try {
    return await hand.run({ ...assignment, path: hand.proven.path });
  } finally {
    hand.load -= 1;
  }
}
