import type { Raster } from './raster.ts';

/** A decoded picture: uint8 RGB, height x width x 3, row-major. */
export interface Picture {
  rgb: Uint8Array<ArrayBuffer>;
  width: number;
  height: number;
}

/** An encoded picture, its sample's key, and the size in pixels that the dataset says it has. */
export interface EncodedPicture {
  key: string;
  bytes: Uint8Array<ArrayBuffer>;
  mediaType: string;
  width: number;
  height: number;
}

/** The name of a way to decode. */
export type PathName = 'planes' | 'decoder' | 'bitmap' | 'raw';

/**
 * One way from encoded bytes to pixels. Rejects when this browser, or this picture, does not allow it.
 *
 * @param write called once with the pixels, which are only there until it returns
 */
export type DecodePath = (encoded: EncodedPicture, write: (raster: Raster) => void) => Promise<void>;
