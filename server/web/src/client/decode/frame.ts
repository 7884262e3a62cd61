import type { EncodedPicture, Picture } from './path.ts';

/**
 * Decodes with ImageDecoder and hands the frame to `read`; frame and decoder are closed whatever happens.
 *
 * @throws Error where there is no ImageDecoder, or it does not take the picture
 */
export async function withFrame(
  encoded: EncodedPicture,
  read: (frame: VideoFrame) => Promise<Picture>,
): Promise<Picture> {
  if (typeof ImageDecoder === 'undefined') throw new Error('there is no ImageDecoder here');
  const decoder = new ImageDecoder({
    data: encoded.bytes,
    type: encoded.mediaType,
    colorSpaceConversion: 'none',
  });
  try {
    const { image } = await decoder.decode();
    try {
      return await read(image);
    } finally {
      image.close();
    }
  } finally {
    decoder.close();
  }
}

/** The size of what a frame shows, in pixels; the coded size may be larger. */
export function visibleSize(frame: VideoFrame): { width: number; height: number } {
  return {
    width: frame.visibleRect?.width ?? frame.codedWidth,
    height: frame.visibleRect?.height ?? frame.codedHeight,
  };
}
