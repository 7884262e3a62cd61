import { DataprepError, reasonOf } from '../complaint.ts';
import { inFlight } from '../flight.ts';
import { bitmap } from './bitmap.ts';
import { decoder, unconverted } from './decoder.ts';
import { writeRgb } from './four-pixels.ts';
import type { DecodePath, EncodedPicture, PathName, Picture } from './path.ts';
import { planes } from './planes.ts';
import { type Raster, valueTable, writePixels } from './raster.ts';
import { raw } from './raw.ts';
import { cutOut, type Sheet, sheetsOf } from './sheet.ts';

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

/** Takes the pixels of one of a job's pictures, by its position in the job. */
type Write = (raster: Raster, position: number) => void;

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

/** Decodes the pictures of a sheet. @throws DataprepError (`decode`) naming the first picture that fails */
async function decodeSheet({ path, pictures }: DecodeJob, sheet: Sheet, write: Write): Promise<void> {
  const { positions } = sheet;
  try {
    await decodeChecked(path, sheet.encoded, (raster) => {
      positions.forEach((position, index) => {
        write(cutOut(raster, sheet, index, (pictures[position] as EncodedPicture).height), position);
      });
    });
  } catch (thrown) {
    if (positions.length < 2) throw thrown;
    // Which of them it is shows when each is alone.
    for (const position of positions) {
      await decodeChecked(path, pictures[position] as EncodedPicture, (raster) => write(raster, position));
    }
  }
}

/** Does a job on the thread that this runs on. */
export const runJob: Run = async (job) => {
  const { pictures, table } = job;
  const decode = (write: Write): Promise<unknown> =>
    inFlight(sheetsOf(pictures), DECODES_IN_FLIGHT, (sheet) => decodeSheet(job, sheet, write));
  if (!table) {
    const decoded = pictures.map(({ width, height }) => ({ rgb: new Uint8Array(width * height * 3), width, height }));
    await decode((raster, position) => writeRgb(raster, (decoded[position] as Picture).rgb));
    return decoded;
  }
  const written = valueTable(table);
  const size = pictures.reduce((sum, { width, height }) => sum + width * height * 3, 0);
  const values = new Float32Array(size);
  await decode((raster, position) => writePixels(raster, values, (size / pictures.length) * position, written));
  return values;
};
