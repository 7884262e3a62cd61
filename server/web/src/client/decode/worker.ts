import { type ComplaintCode, type ComplaintParts, DataprepError } from '../complaint.ts';
import { writeRgbFast } from './four-pixels.ts';
import { type Decoded, type DecodeJob, inTurn, jobRunner } from './job.ts';

/** What a DataprepError is made of. */
export type Complaint = ComplaintParts & { code: ComplaintCode };

/** What a worker answers to each job, in turn: one of these. */
export interface Answer {
  decoded?: Decoded;
  /** The parts of a DataprepError, which would arrive without them; any other error as it is. */
  failure?: Complaint | Error;
}

const run = inTurn(jobRunner(writeRgbFast));

function answer(message: Answer, arrays: (Uint8Array<ArrayBuffer> | Float32Array<ArrayBuffer>)[] = []): void {
  self.postMessage(message, { transfer: arrays.map(({ buffer }) => buffer) });
}

self.onmessage = async ({ data: job }: MessageEvent<DecodeJob>) => {
  try {
    const decoded = await run(job);
    answer({ decoded }, decoded instanceof Float32Array ? [decoded] : decoded.map(({ rgb }) => rgb));
  } catch (thrown) {
    answer({ failure: thrown instanceof DataprepError ? { ...thrown } : (thrown as Error) });
  }
};
