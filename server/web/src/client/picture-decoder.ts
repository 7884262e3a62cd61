import { DataprepError, reasonOf } from './complaint.ts';
import { decodeMask, type Mask } from './decode/mask.ts';
import type { EncodedPicture, PathName, Picture } from './decode/path.ts';
import { DecodePool } from './decode/pool.ts';
import { type GoldenPicture, pathName } from './decode/proof.ts';
import { inFlight } from './flight.ts';
import { type Entry, readShard } from './reader.ts';
import type { CurrentState, Vault } from './vault.ts';
import type { DatasetIndex, GoldenSample, Sample } from './wire.ts';

/** Shards in which golden samples are looked for at once. */
const SHARDS_IN_FLIGHT = 8;

/**
 * The size in pixels that a sample's picture must have: the dataset's, where it has one, since a tensor of a batch is
 * laid out for that; else the sample's own.
 */
function storedSize(index: DatasetIndex, sample: Sample): { width: number; height: number } {
  const [width, height] = sample.image_size;
  return { width: index.image.width ?? width, height: index.image.height ?? height };
}

/** Decodes pictures of one state of the dataset; several lists at a time. */
export interface Decoding {
  /** To RGB. @throws DataprepError (`decode`) naming the first sample that fails */
  pictures(entries: readonly Entry[]): Promise<Picture[]>;
  /**
   * To normalised values, [n, height, width, 3] float32; the pictures are of one size.
   *
   * @param table the value of every byte, for R, G and B in turn: 3 x 256
   */
  values(entries: readonly Entry[], table: Float32Array): Promise<Float32Array<ArrayBuffer>>;
}

/** Decodes the pictures of a dataset, by a path that was proven on this device with the golden samples. */
export class PictureDecoder {
  readonly #vault: Vault;
  readonly #exact: boolean;
  #proof: { of: string; proven: Promise<DecodePool> } | null = null;
  #pool: DecodePool | null = null;

  constructor(vault: Vault, exact: boolean) {
    this.#vault = vault;
    this.#exact = exact;
  }

  /** The path in use; null until proven. */
  get path(): PathName | null {
    const proven = this.#pool?.proven;
    return proven ? pathName(proven.path) : null;
  }

  /** Whether the path gave the golden pixels; null until proven. */
  get exact(): boolean | null {
    return this.#pool?.proven?.exact ?? null;
  }

  /** Why pictures are not decoded in workers; null when they are, or it is not known yet. */
  get loss(): string | null {
    return this.#pool?.loss ?? null;
  }

  /** Forgets the proof, and stops what decodes: it rejects with `reason`. */
  forget(reason: unknown): void {
    this.#proof?.proven.then((pool) => pool.end(reason)).catch(() => undefined);
    this.#proof = null;
    this.#pool = null;
  }

  /** Decodes a state, once its path is proven. Proven once a state, not once an epoch. */
  async decoding(current: CurrentState): Promise<Decoding> {
    const of = JSON.stringify([current.index.digest, current.splits]);
    // Whoever still reads the old state goes on; its workers end when they have no more to do.
    if (this.#proof?.of !== of) this.#proof = { of, proven: this.#prove(current) };
    const proof = this.#proof;
    let pool: DecodePool;
    try {
      pool = await proof.proven;
    } catch (thrown) {
      // The next read tries again: the failure may have been of the moment.
      if (this.#proof === proof) this.#proof = null;
      throw thrown;
    }
    this.#pool = pool;
    const all = (entries: readonly Entry[]): EncodedPicture[] => entries.map((entry) => encoded(current.index, entry));
    return {
      pictures: (entries) => pool.run({ pictures: all(entries) }) as Promise<Picture[]>,
      values: (entries, table) => pool.run({ pictures: all(entries), table }) as Promise<Float32Array<ArrayBuffer>>,
    };
  }

  async #prove(current: CurrentState): Promise<DecodePool> {
    const goldens: GoldenPicture[] = [];
    for (const split of current.splits) {
      goldens.push(...(await this.#goldens(current.index, split)));
    }
    const pool = new DecodePool({ format: current.index.image.format, goldens, exact: this.#exact });
    await pool.ready();
    return pool;
  }

  /** The golden samples of a split with their bytes; shards are read until all are found. */
  async #goldens(index: DatasetIndex, split: string): Promise<GoldenPicture[]> {
    const wanted = new Map(index.golden.filter((one) => one.split === split).map((one) => [one.key, one]));
    const found: GoldenPicture[] = [];
    const shards = index.shards.filter((shard) => shard.split === split);
    await inFlight(shards, SHARDS_IN_FLIGHT, async (shard) => {
      const labels = wanted.size > 0 && (await this.#vault.labels(shard.labels.sha256));
      if (!labels) return;
      // Looked for in the text, since most shards have none, and to parse them all takes as long as to read a window.
      const text = new TextDecoder().decode(labels);
      if (![...wanted.keys()].some((key) => text.includes(JSON.stringify(key)))) return;
      for (const entry of await readShard(this.#vault, shard)) {
        const golden = wanted.get(entry.sample.key);
        if (!golden) continue;
        wanted.delete(entry.sample.key);
        found.push(goldenPicture(index, golden, entry));
      }
    });
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
  return { key: sample.key, bytes, mediaType: index.image.media_type, ...storedSize(index, sample) };
}

function goldenPicture(index: DatasetIndex, golden: GoldenSample, entry: Entry): GoldenPicture {
  if (entry.sample.sha256 !== golden.sha256) {
    throw unlikeIndex(golden.key, `golden image ${golden.sha256}`, entry.sample.sha256);
  }
  // A copy, as a view would keep the whole shard alive as long as the pool.
  return { ...encoded(index, entry), bytes: entry.bytes.slice(), rgb: golden.rgb };
}

function unlikeIndex(key: string, wanted: string, found: string): DataprepError {
  return new DataprepError('wire', {
    place: key,
    wanted,
    found,
    next: 'Verify the store on the server: its index and shards disagree.',
  });
}
