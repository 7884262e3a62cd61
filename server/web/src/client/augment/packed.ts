import type { Augmented } from '../augmentation.ts';
import type { Sample } from '../wire.ts';

/** Samples on their way between threads: all their pixels and masks in one buffer. */
export interface Packed {
  samples: { sample: Sample; width: number; height: number; masked: boolean }[];
  /** Picture after picture: RGB, and behind it the mask of one that has one. */
  bytes: Uint8Array<ArrayBuffer>;
}

/**
 * Packs samples.
 *
 * Every buffer that comes from another thread is an object of the browser's own, which is let go on the thread that got
 * it, thousands at a time: pictures that came one by one made the page stand still for 60 ms. Arrays made here are let go
 * aside.
 */
export function packed(varied: readonly Augmented[]): Packed {
  const parts = varied.flatMap(({ picture: { rgb, mask } }) => (mask ? [rgb, mask] : [rgb]));
  const bytes = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  const samples = varied.map(({ sample, picture: { width, height, mask } }) => ({
    sample,
    width,
    height,
    masked: mask !== undefined,
  }));
  return { samples, bytes };
}

/** The samples again, each with arrays of its own. */
export function unpacked({ samples, bytes }: Packed): Augmented[] {
  let at = 0;
  const take = (length: number): Uint8Array<ArrayBuffer> => {
    at += length;
    return bytes.slice(at - length, at);
  };
  return samples.map(({ sample, width, height, masked }) => {
    const rgb = take(width * height * 3);
    return { sample, picture: { rgb, width, height, ...(masked && { mask: take(width * height) }) } };
  });
}
