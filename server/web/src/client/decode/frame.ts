import type { EncodedPicture } from './path.ts';

/** A scratch buffer larger than this is not kept for the next picture. */
const KEPT = 4 * 2 ** 20;

/** Buffers that no picture is in. Making one a picture would cost as much as decoding it does. */
const spare: Uint8Array<ArrayBuffer>[] = [];

/**
 * Decodes with ImageDecoder and hands the frame to `read`; frame and decoder are closed whatever happens.
 *
 * @throws Error where there is no ImageDecoder, or it does not take the picture
 */
export async function withFrame(encoded: EncodedPicture, read: (frame: VideoFrame) => Promise<void>): Promise<void> {
  const decoder = new ImageDecoder({
    data: encoded.bytes,
    type: encoded.mediaType,
    colorSpaceConversion: 'none',
  });
  try {
    const { image } = await decoder.decode();
    try {
      await read(image);
    } finally {
      image.close();
    }
  } finally {
    decoder.close();
  }
}

/** Copies a frame's bytes, and hands them to `use`: they are another frame's when it has returned. */
export async function withBytes(
  frame: VideoFrame,
  options: VideoFrameCopyToOptions,
  use: (bytes: Uint8Array, layout: PlaneLayout[]) => void,
): Promise<void> {
  const size = frame.allocationSize(options);
  const kept = spare.pop();
  const bytes = kept && kept.length >= size ? kept : new Uint8Array(size);
  const layout = await frame.copyTo(bytes, options);
  use(bytes, layout);
  if (bytes.length <= KEPT) spare.push(bytes);
}

/** The size of what a frame that is not closed shows, in pixels; the coded size may be larger. */
export function visibleSize(frame: VideoFrame): { width: number; height: number } {
  const { width, height } = frame.visibleRect as DOMRectReadOnly;
  return { width, height };
}
