import { DataprepError, reasonOf } from './complaint.ts';
import { decodeMask, type Mask } from './decode/mask.ts';
import type { EncodedPicture, PathName, Picture } from './decode/path.ts';
import { decodeChecked, type GoldenPicture, type ProvenPath, provePath } from './decode/proof.ts';
import { type Entry, readShard } from './reader.ts';
import type { CurrentState, Vault } from './vault.ts';
import type { DatasetIndex, GoldenSample, Sample } from './wire.ts';

/**
 * The size in pixels that a sample's picture must have: the dataset's, where it has one, since a tensor of a batch is
 * laid out for that; else the sample's own.
 */
function storedSize(index: DatasetIndex, sample: Sample): { width: number; height: number } {
  const [width, height] = sample.image_size;
  return { width: index.image.width ?? width, height: index.image.height ?? height };
}

/** Decodes the pictures of a dataset, by a path that was proven on this device with the golden samples. */
export class PictureDecoder {
  readonly #vault: Vault;
  readonly #exact: boolean;
  #proof: { of: string; proven: Promise<ProvenPath> } | null = null;
  #found: ProvenPath | null = null;

  constructor(vault: Vault, exact: boolean) {
    this.#vault = vault;
    this.#exact = exact;
  }

  /** The path in use; null until proven. */
  get path(): PathName | null {
    return this.#found?.path.name ?? null;
  }

  /** Whether the path gave the golden pixels; null until proven. */
  get exact(): boolean | null {
    return this.#found?.exact ?? null;
  }

  /** Forgets the proof. */
  forget(): void {
    this.#proof = null;
    this.#found = null;
  }

  /** The decode function for a state, once its path is proven. Proven once a state, not once an epoch. */
  async decoding(current: CurrentState): Promise<(entry: Entry) => Promise<Picture>> {
    const of = JSON.stringify([current.index.digest, current.splits]);
    if (this.#proof?.of !== of) {
      this.forget();
      this.#proof = { of, proven: this.#prove(current) };
    }
    const proof = this.#proof;
    try {
      this.#found = await proof.proven;
    } catch (thrown) {
      // The next read tries again: the failure may have been of the moment.
      if (this.#proof === proof) this.forget();
      throw thrown;
    }
    const { path } = this.#found;
    return (entry) => decodeChecked(path, entry.sample.key, encoded(current.index, entry));
  }

  async #prove(current: CurrentState): Promise<ProvenPath> {
    const goldens: GoldenPicture[] = [];
    for (const split of current.splits) {
      goldens.push(...(await this.#goldens(current.index, split)));
    }
    return provePath(current.index.image.format, goldens, this.#exact);
  }

  /** The golden samples of a split with their bytes; shards are read until all are found. */
  async #goldens(index: DatasetIndex, split: string): Promise<GoldenPicture[]> {
    const wanted = new Map(index.golden.filter((one) => one.split === split).map((one) => [one.key, one]));
    const found: GoldenPicture[] = [];
    for (const shard of index.shards) {
      if (wanted.size === 0) break;
      if (shard.split !== split) continue;
      const labels = await this.#vault.labels(shard.labels.sha256);
      if (!labels?.some((sample) => wanted.has(sample.key))) continue;
      for (const entry of await readShard(this.#vault, shard)) {
        const golden = wanted.get(entry.sample.key);
        if (!golden) continue;
        wanted.delete(entry.sample.key);
        found.push(goldenPicture(index, golden, entry));
      }
    }
    for (const [key] of wanted) throw unlikeIndex(key, `the golden sample in split ${split}`, 'none');
    return found;
  }
}

/** The mask of an entry that has one. @throws DataprepError (`decode`) */
export async function entryMask({ sample, mask }: Entry): Promise<Mask | undefined> {
  if (!mask) return undefined;
  try {
    return await decodeMask(mask, ...sample.image_size);
  } catch (cause) {
    throw new DataprepError(
      'decode',
      {
        place: `the mask of ${sample.key}`,
        wanted: 'a PNG of class indices',
        found: reasonOf(cause),
        next: 'Verify the store on the server; its bytes arrived here unchanged.',
      },
      { cause },
    );
  }
}

function encoded(index: DatasetIndex, { sample, bytes }: Entry): EncodedPicture {
  return { bytes, mediaType: index.image.media_type, ...storedSize(index, sample) };
}

function goldenPicture(index: DatasetIndex, golden: GoldenSample, entry: Entry): GoldenPicture {
  if (entry.sample.sha256 !== golden.sha256) {
    throw unlikeIndex(golden.key, `golden image ${golden.sha256}`, entry.sample.sha256);
  }
  return { key: golden.key, rgb: golden.rgb, encoded: encoded(index, entry) };
}

function unlikeIndex(key: string, wanted: string, found: string): DataprepError {
  return new DataprepError('wire', {
    place: key,
    wanted,
    found,
    next: 'Index and shards disagree: verify the store on the server.',
  });
}
