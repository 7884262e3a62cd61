import { DataprepError } from '../complaint.ts';
import { sha256Hex } from '../digest.ts';
import type { ImageFormat } from '../wire.ts';
import type { PathId, Run } from './job.ts';
import type { EncodedPicture, PathName, Picture } from './path.ts';

/** An encoded golden sample, and the SHA-256 that its decoded picture must have. */
export interface GoldenPicture extends EncodedPicture {
  rgb: string;
}

/** What a decode path is to be proven with. `exact` is false when any path that decodes will do. */
export interface ProofRequest {
  format: ImageFormat;
  goldens: readonly GoldenPicture[];
  exact: boolean;
}

/** A decode path that works here; `exact` when it gave the golden bytes for every golden sample. */
export interface ProvenPath {
  path: PathId;
  exact: boolean;
}

/** What a path is called for people. */
export function pathName(path: PathId): PathName {
  return path === 'unconverted' ? 'decoder' : path;
}

/**
 * The paths worth trying, in order.
 *
 * For an exact result from a JPEG no path may convert colours in the browser's own way: a dataset whose few golden
 * samples happen to be grey would let that pass unseen. `planes` takes 4:4:4 only, so 4:2:0 ends with `bitmap` where
 * frames are not RGB. Where exactness is not asked for, the browser's conversion is the fastest.
 */
export function candidatePaths(format: ImageFormat, exact: boolean): PathId[] {
  if (format === 'raw') return ['raw'];
  if (format === 'jpeg' && exact) return ['planes', 'unconverted', 'bitmap'];
  return ['decoder', 'bitmap'];
}

/** A GIF of one pixel, and its bytes. */
const PROBE = 'R0lGODlhAQABAIAAAMgeWgAAACwAAAAAAQABAAACAkQBADs=';
const PROBED = [200, 30, 90];

/** By how much of 255 a byte may be off where differences are accepted: rounding and conversion give 1 or 2. */
const NOISE = 8;

/**
 * What is wrong with a path that need not be exact: browsers that resist fingerprinting read noise from a canvas, and
 * no error says so.
 */
async function noise(path: PathId, run: Run): Promise<string | null> {
  if (path !== 'bitmap' && path !== 'decoder') return null;
  const bytes = Uint8Array.from(atob(PROBE), (letter) => letter.charCodeAt(0));
  const probe = { key: 'a known pixel', bytes, mediaType: 'image/gif', width: 1, height: 1 };
  const [picture] = (await run({ path, pictures: [probe] })) as Picture[];
  const off = Math.max(...PROBED.map((byte, at) => Math.abs(byte - (picture?.rgb[at] ?? 0))));
  return off > NOISE ? `${path}: ${probe.key} comes back off by ${off}` : null;
}

async function differsFrom({ rgb: wanted }: GoldenPicture, { rgb }: Picture): Promise<string | null> {
  const found = await sha256Hex(rgb);
  return found === wanted ? null : `RGB SHA-256 ${found.slice(0, 12)}… instead of ${wanted.slice(0, 12)}…`;
}

/** Null when the path gives the golden bytes for all; else what it gave instead, for the first that differs. */
async function fault(
  path: PathId,
  goldens: readonly GoldenPicture[],
  exact: boolean,
  run: Run,
): Promise<string | null> {
  for (const golden of goldens) {
    try {
      // Alone, and twice together, as a sheet.
      for (const pictures of [[golden], [golden, golden]]) {
        for (const picture of (await run({ path, pictures })) as Picture[]) {
          const difference = exact ? await differsFrom(golden, picture) : null;
          if (difference) return `${pathName(path)}: ${golden.key} gives ${difference}`;
        }
      }
    } catch (thrown) {
      if (!(thrown instanceof DataprepError) || thrown.code !== 'decode') throw thrown;
      return `${pathName(path)}: ${golden.key} fails, ${thrown.found}`;
    }
  }
  return exact ? null : noise(path, run);
}

/** Whether a path that was taken for its speed would have been taken for an exact result as well. */
async function isExact(path: PathId, { format, goldens }: ProofRequest, run: Run): Promise<boolean> {
  const strict = candidatePaths(format, true).find((one) => pathName(one) === pathName(path));
  return strict !== undefined && (await fault(strict, goldens, true, run)) === null;
}

/**
 * Finds the decode path to use, by decoding the golden samples where the others will be decoded.
 *
 * @throws DataprepError (`decode`) naming the format, and for every path the key and what differs
 */
export async function provePath(proof: ProofRequest, run: Run): Promise<ProvenPath> {
  const { format, goldens, exact } = proof;
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
    const found = await fault(path, goldens, exact, run);
    if (!found) return { path, exact: exact || (await isExact(path, proof, run)) };
    faults.push(found);
  }
  throw new DataprepError('decode', {
    place,
    wanted: exact ? 'a path that gives the golden pixels on this device' : 'a path that decodes on this device',
    found: `none (${faults.join('; ')})`,
    next: exact
      ? 'Use another browser, store the dataset as png, or accept small differences with { exact: false }.'
      : 'Use another browser (one that resists fingerprinting gives noise), or store the dataset as raw.',
  });
}
