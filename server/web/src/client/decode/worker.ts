import { type ComplaintCode, type ComplaintParts, DataprepError } from '../complaint.ts';
import { type Decoded, type DecodeJob, inTurn, runJob } from './job.ts';

/** What a worker answers to each job, in turn: one of these. */
export interface Answer {
  decoded?: Decoded;
  complaint?: ComplaintParts & { code: ComplaintCode };
  thrown?: unknown;
}

const run = inTurn(runJob);

function answer(message: Answer, arrays: (Uint8Array<ArrayBuffer> | Float32Array<ArrayBuffer>)[] = []): void {
  self.postMessage(message, { transfer: arrays.map(({ buffer }) => buffer) });
}

self.onmessage = async ({ data: job }: MessageEvent<DecodeJob>) => {
  try {
    const decoded = await run(job);
    answer({ decoded }, decoded instanceof Float32Array ? [decoded] : decoded.map(({ rgb }) => rgb));
  } catch (thrown) {
    if (!(thrown instanceof DataprepError)) return answer({ thrown });
    // It would arrive as a plain Error, without its parts.
    const { code, place, wanted, found, next } = thrown;
    answer({ complaint: { code, place, wanted, found, next } });
  }
};
