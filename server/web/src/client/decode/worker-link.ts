import { DataprepError, reasonOf } from '../complaint.ts';
import type { Decoded, DecodeJob } from './job.ts';
import type { EncodedPicture } from './path.ts';
import type { Answer, Complaint } from './worker.ts';
import DecodeWorker from './worker.ts?worker&inline';

/** A worker could not be started, or has broken down. */
export class WorkerLost extends Error {}

const UNSTARTED = 'it cannot be started here (a Content-Security-Policy has to allow worker-src blob:)';

/** The pictures with their bytes in one buffer of their own: theirs are views of whole shards, which others read. */
function packed(pictures: readonly EncodedPicture[]): { pictures: EncodedPicture[]; buffer: ArrayBuffer } {
  const bytes = new Uint8Array(pictures.reduce((sum, each) => sum + each.bytes.length, 0));
  let end = 0;
  const moved = pictures.map((each) => {
    const at = end;
    end += each.bytes.length;
    bytes.set(each.bytes, at);
    return { ...each, bytes: bytes.subarray(at, end) };
  });
  return { pictures: moved, buffer: bytes.buffer };
}

/** The page's end of a worker that decodes. Its code is a part of this module, so it is there whoever bundled it. */
export class WorkerLink {
  readonly #worker: Worker;
  /** In the order of the jobs, which is that of the answers. */
  readonly #waiting: { resolve: (answer: Answer) => void; reject: (reason: unknown) => void }[] = [];
  #ended: { reason: unknown } | null = null;

  /** @throws WorkerLost where there are no workers */
  constructor() {
    try {
      this.#worker = new DecodeWorker({ name: 'dataprep' });
    } catch (cause) {
      throw new WorkerLost(reasonOf(cause), { cause });
    }
    this.#worker.onmessage = ({ data }: MessageEvent<Answer>) => this.#waiting.shift()?.resolve(data);
    this.#worker.onerror = (event) => {
      // status() tells it; it is not to be an error of the page as well.
      event.preventDefault();
      this.end(new WorkerLost(event.message || UNSTARTED));
    };
  }

  /** Does a job in the worker. @throws WorkerLost */
  async run(job: DecodeJob): Promise<Decoded> {
    // It would never answer.
    if (this.#ended) throw this.#ended.reason;
    const { pictures, buffer } = packed(job.pictures);
    const answer = await new Promise<Answer>((resolve, reject) => {
      this.#waiting.push({ resolve, reject });
      this.#worker.postMessage({ ...job, pictures }, [buffer]);
    });
    if (answer.decoded) return answer.decoded;
    const failure = answer.failure as Complaint | Error;
    throw failure instanceof Error ? failure : new DataprepError(failure.code, failure);
  }

  /** Ends the worker at once; what is not finished rejects with `reason`. */
  end(reason: unknown): void {
    this.#ended ??= { reason };
    this.#worker.terminate();
    for (const { reject } of this.#waiting.splice(0)) reject(reason);
  }
}
