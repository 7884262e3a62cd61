import { DataprepError, reasonOf } from '../complaint.ts';
import type { Answer } from './serving.ts';

/** A worker could not be started, or has broken down. */
export class WorkerLost extends Error {}

const UNSTARTED = 'it cannot be started here (a Content-Security-Policy has to allow worker-src blob:)';

/** A worker, or what is like one. */
export interface WorkerEnd {
  onmessage: Worker['onmessage'] | MessagePort['onmessage'];
  onerror?: Worker['onerror'];
  postMessage(data: unknown, transfer: ArrayBuffer[]): void;
  terminate(): void;
}

/** The page's end of a worker. */
export class WorkerLink<Asked, Done> {
  readonly #worker: WorkerEnd;
  /** In the order of the questions, which is that of the answers. */
  readonly #waiting: { resolve: (answer: Answer<Done>) => void; reject: (reason: unknown) => void }[] = [];
  #ended: { reason: unknown } | null = null;

  /** @throws WorkerLost where there are no workers */
  constructor(start: () => WorkerEnd) {
    try {
      this.#worker = start();
    } catch (cause) {
      throw new WorkerLost(reasonOf(cause), { cause });
    }
    this.#worker.onmessage = ({ data }: MessageEvent<Answer<Done>>) => this.#waiting.shift()?.resolve(data);
    this.#worker.onerror = (event) => {
      // status() tells it; it is not to be an error of the page as well.
      event.preventDefault();
      this.end(new WorkerLost(event.message || UNSTARTED));
    };
  }

  /** Has the worker do something. @param transfer what is handed over @throws WorkerLost */
  async ask(question: Asked, transfer: ArrayBuffer[]): Promise<Done> {
    // It would never answer.
    if (this.#ended) throw this.#ended.reason;
    const { done, failure } = await new Promise<Answer<Done>>((resolve, reject) => {
      this.#waiting.push({ resolve, reject });
      this.#worker.postMessage(question, transfer);
    });
    if (!failure) return done as Done;
    throw failure instanceof Error ? failure : new DataprepError(failure.code, failure);
  }

  /** Ends the worker at once; what is not finished rejects with `reason`. */
  end(reason: unknown): void {
    this.#ended ??= { reason };
    this.#worker.terminate();
    for (const { reject } of this.#waiting.splice(0)) reject(reason);
  }
}
