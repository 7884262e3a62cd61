/** A decoded picture: uint8 RGB, height x width x 3, row-major. */
export interface Picture {
  rgb: Uint8Array<ArrayBuffer>;
  width: number;
  height: number;
}

/** An encoded picture, and the size in pixels that the dataset says it has. */
export interface EncodedPicture {
  bytes: Uint8Array<ArrayBuffer>;
  mediaType: string;
  width: number;
  height: number;
}

/** The name of a way to decode. */
export type PathName = 'planes' | 'decoder' | 'bitmap' | 'raw';

/** One way from encoded bytes to RGB. Rejects when this browser, or this picture, does not allow it. */
export interface DecodePath {
  readonly name: PathName;
  decode(encoded: EncodedPicture): Promise<Picture>;
}
