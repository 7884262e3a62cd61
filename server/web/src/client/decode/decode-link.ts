import type { Decoded, DecodeJob, Run } from './job.ts';
import type { EncodedPicture } from './path.ts';
import decoding from './worker.ts?function';
import { WorkerLink } from './worker-link.ts';

/** The page's end of a worker that decodes. Its code is a part of this module, so it is there whoever bundled it. */
export type DecodeLink = WorkerLink<DecodeJob, Decoded>;

/** Starts such a worker. @throws WorkerLost where there are none */
export function startDecoder(): DecodeLink {
  return new WorkerLink(() => {
    // Its address is let go by the worker, when it has its script.
    const script = `"use strict";URL.revokeObjectURL(location.href);(${decoding})(self)`;
    return new Worker(URL.createObjectURL(new Blob([script], { type: 'text/javascript' })));
  });
}

/** What does a worker's work on this thread. */
export function startHere(): DecodeLink {
  const { port1, port2 } = new MessageChannel();
  decoding(port1);
  return new WorkerLink(() => Object.assign(port2, { terminate: () => port2.close() }));
}

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

/** Does jobs in a worker. */
export const runIn =
  (link: DecodeLink): Run =>
  (job) => {
    const { pictures, buffer } = packed(job.pictures);
    return link.ask({ ...job, pictures }, [buffer]);
  };
