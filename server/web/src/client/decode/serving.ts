import { type ComplaintCode, type ComplaintParts, DataprepError } from '../complaint.ts';

/** What a DataprepError is made of. */
export type Complaint = ComplaintParts & { code: ComplaintCode };

/** What a worker answers to each question, in turn: one of these. */
export interface Answer<Done> {
  done?: Done;
  /** The parts of a DataprepError, which would arrive without them; any other error as it is. */
  failure?: Complaint | Error;
}

/**
 * Has the worker that this runs in answer.
 *
 * @param work what is asked is done one after the other: those that wait do not take from the one under way
 * @param given the arrays of an answer that are not copied, but handed over
 */
export function serve<Asked, Done>(
  work: (asked: Asked) => Promise<Done>,
  given: (done: Done) => { buffer: ArrayBuffer }[],
): void {
  let last = Promise.resolve();
  self.onmessage = ({ data }: MessageEvent<Asked>) => {
    last = last.then(async () => {
      const answer: Answer<Done> = {};
      let transfer: ArrayBuffer[] = [];
      try {
        const done = await work(data);
        answer.done = done;
        transfer = given(done).map(({ buffer }) => buffer);
      } catch (thrown) {
        answer.failure = thrown instanceof DataprepError ? { ...thrown } : (thrown as Error);
      }
      self.postMessage(answer, { transfer });
    });
  };
}
