import { DataprepError, reasonOf } from '../complaint.ts';
import { sha256Hex } from '../digest.ts';
import type { ImageFormat } from '../wire.ts';
import { bitmap } from './bitmap.ts';
import { decoder, unconverted } from './decoder.ts';
import type { DecodePath, EncodedPicture, Picture } from './path.ts';
import { planes } from './planes.ts';
import { raw } from './raw.ts';

/** A golden sample with its bytes: what its decoded picture must hash to. */
export interface GoldenPicture {
  key: string;
  rgb: string;
  encoded: EncodedPicture;
}

/** A decode path that works here; `exact` when it gave the golden bytes for every golden sample. */
export interface ProvenPath {
  path: DecodePath;
  exact: boolean;
}

/**
 * The paths worth trying, in order.
 *
 * For an exact result from a JPEG no path may convert colours in the browser's own way: a dataset whose few golden
 * samples happen to be grey would let that pass unseen. `planes` takes 4:4:4 only, so 4:2:0 ends with `bitmap` where
 * frames are not RGB. When exactness is not asked for, the fastest comes first.
 */
export function candidatePaths(format: ImageFormat, exact: boolean): DecodePath[] {
  if (format === 'raw') return [raw];
  if (format === 'jpeg') return exact ? [planes, unconverted, bitmap] : [decoder, planes, bitmap];
  return [decoder, bitmap];
}

/** Decodes, and holds the picture against the size that the dataset says it has. */
export async function decodeChecked(path: DecodePath, key: string, encoded: EncodedPicture): Promise<Picture> {
  let picture: Picture;
  try {
    picture = await path.decode(encoded);
  } catch (cause) {
    throw new DataprepError(
      'decode',
      {
        place: `${key} (${encoded.mediaType}, path ${path.name})`,
        wanted: 'a picture',
        found: reasonOf(cause),
        next: 'Verify the store on the server; its bytes arrived here unchanged.',
      },
      { cause },
    );
  }
  if (picture.width === encoded.width && picture.height === encoded.height) return picture;
  throw new DataprepError('decode', {
    place: `${key} (${encoded.mediaType}, path ${path.name})`,
    wanted: `${encoded.width} x ${encoded.height} pixels`,
    found: `${picture.width} x ${picture.height}`,
    next: 'Verify the store on the server.',
  });
}

async function differsFrom(path: DecodePath, golden: GoldenPicture): Promise<string | null> {
  const picture = await decodeChecked(path, golden.key, golden.encoded);
  const found = await sha256Hex(picture.rgb);
  return found === golden.rgb ? null : `RGB SHA-256 ${found.slice(0, 12)}… instead of ${golden.rgb.slice(0, 12)}…`;
}

/** Null when the path gives the golden bytes for all; else what it gave instead, for the first that differs. */
async function fault(path: DecodePath, goldens: readonly GoldenPicture[], exact: boolean): Promise<string | null> {
  for (const golden of goldens) {
    try {
      const difference = exact
        ? await differsFrom(path, golden)
        : await decodeChecked(path, golden.key, golden.encoded).then(() => null);
      if (difference) return `${path.name}: ${golden.key} gives ${difference}`;
    } catch (thrown) {
      return `${path.name}: ${golden.key} fails, ${thrown instanceof DataprepError ? thrown.found : reasonOf(thrown)}`;
    }
  }
  return null;
}

/** Whether a path that was taken for its speed would have been taken for an exact result as well. */
async function isExact(path: DecodePath, format: ImageFormat, goldens: readonly GoldenPicture[]): Promise<boolean> {
  const strict = candidatePaths(format, true).find(({ name }) => name === path.name);
  return strict !== undefined && (await fault(strict, goldens, true)) === null;
}

/**
 * Finds the decode path to use on this device, by decoding the golden samples.
 *
 * @param exact when false, any path that decodes them will do
 * @throws DataprepError (`decode`) naming the format, and for every path the key and what differs
 */
export async function provePath(
  format: ImageFormat,
  goldens: readonly GoldenPicture[],
  exact: boolean,
): Promise<ProvenPath> {
  const place = `decoding ${format}`;
  if (exact && goldens.length === 0) {
    throw new DataprepError('decode', {
      place,
      wanted: 'golden samples that prove a decode path',
      found: 'none in the synced splits',
      next: 'Build the store again, or open the dataset with { exact: false }.',
    });
  }
  const faults: string[] = [];
  for (const path of candidatePaths(format, exact)) {
    const found = await fault(path, goldens, exact);
    if (!found) return { path, exact: exact || (await isExact(path, format, goldens)) };
    faults.push(found);
  }
  throw new DataprepError('decode', {
    place,
    wanted: exact ? 'a path that gives the golden pixels on this device' : 'a path that decodes on this device',
    found: `none (${faults.join('; ')})`,
    next: exact
      ? 'Use another browser, store the dataset as png, or accept small differences with { exact: false }.'
      : 'Use another browser, or store the dataset in another format.',
  });
}
