import { DataprepError, reasonOf } from '../complaint.ts';
import { inFlight } from '../flight.ts';
import { bitmap } from './bitmap.ts';
import { decoder, unconverted } from './decoder.ts';
import type { DecodePath, EncodedPicture, PathName, Picture } from './path.ts';
import { planes } from './planes.ts';
import { type Raster, valueTable, writePixels } from './raster.ts';
import { raw } from './raw.ts';

/** The paths; `unconverted` is the stricter half of `decoder`. */
export type PathId = PathName | 'unconverted';

const PATHS: Record<PathId, DecodePath> = { planes, unconverted, decoder, bitmap, raw };

/** Pictures to decode together: each to RGB of its own, or, with a table, all of one size to one array of values. */
export interface DecodeJob {
  path: PathId;
  pictures: readonly EncodedPicture[];
  /** The normalised value of every byte, for R, G and B in turn: 3 x 256. */
  table?: Float32Array | undefined;
}

/** What becomes of a job: a picture each, or with a table [n, height, width, 3] float32. */
export type Decoded = Picture[] | Float32Array<ArrayBuffer>;

/** Does jobs, here or in a worker. @throws DataprepError (`decode`) naming the first picture that fails */
export type Run = (job: DecodeJob) => Promise<Decoded>;

/** Decodes under way at once: enough to keep a decoder's threads busy. */
const DECODES_IN_FLIGHT = 8;

/** Decodes, and hands the pixels on when they have the size that the dataset says. @throws DataprepError (`decode`) */
async function decodeChecked(path: PathId, encoded: EncodedPicture, write: (raster: Raster) => void): Promise<void> {
  const refuse = (wanted: string, found: string, cause?: unknown): DataprepError => {
    const place = `${encoded.key} (${encoded.mediaType}, path ${path})`;
    const next = 'Verify the store on the server; its bytes arrived here unchanged.';
    return new DataprepError('decode', { place, wanted, found, next }, { cause });
  };
  try {
    await PATHS[path](encoded, (raster) => {
      if (raster.width === encoded.width && raster.height === encoded.height) return write(raster);
      throw refuse(`${encoded.width} x ${encoded.height} pixels`, `${raster.width} x ${raster.height}`);
    });
  } catch (cause) {
    throw cause instanceof DataprepError ? cause : refuse('a picture', reasonOf(cause), cause);
  }
}

/** Writes a raster's pixels as RGB, into a buffer that has nothing else. */
export type WriteRgb = (raster: Raster, rgb: Uint8Array<ArrayBuffer>) => void;

/** Decodes to a picture of its own. @throws DataprepError (`decode`) */
async function decodePicture(path: PathId, encoded: EncodedPicture, write: WriteRgb): Promise<Picture> {
  const { width, height } = encoded;
  const rgb = new Uint8Array(width * height * 3);
  await decodeChecked(path, encoded, (raster) => write(raster, rgb));
  return { rgb, width, height };
}

/** Does jobs on the thread that this runs on. */
export const jobRunner =
  (write: WriteRgb): Run =>
  async ({ path, pictures, table }) => {
    if (!table) return inFlight(pictures, DECODES_IN_FLIGHT, (each) => decodePicture(path, each, write));
    const written = valueTable(table);
    const size = pictures.reduce((sum, { width, height }) => sum + width * height * 3, 0);
    const values = new Float32Array(size);
    await inFlight(pictures, DECODES_IN_FLIGHT, (each, position) => {
      const at = (size / pictures.length) * position;
      return decodeChecked(path, each, (raster) => writePixels(raster, values, at, written));
    });
    return values;
  };

/** Does jobs in turn: those that wait do not take from the one under way. */
export function inTurn(run: Run): Run {
  let last: Promise<unknown> = Promise.resolve();
  return (job) => {
    const done = last.then(() => run(job));
    last = done.catch(() => undefined);
    return done;
  };
}
