import type { Address } from './address.ts';
import { checkContract, checkIndex, checkShard } from './check.ts';
import { DataprepError } from './complaint.ts';
import { sha256Hex } from './digest.ts';
import { download, downloadJson, parseJson } from './download.ts';
import { inFlight } from './flight.ts';
import { filesOf, holds, type Intake, type StoredKeys } from './intake.ts';
import { besideReaders, oneSync, untilEither } from './lock.ts';
import { inSplitOrder } from './splits.ts';
import type { Vault } from './vault.ts';
import type { Contract, DatasetIndex, FileReference, ShardReference } from './wire.ts';

/** Where a sync is. Totals are those of the splits asked for; what was stored before counts as done from the start. */
export interface SyncProgress {
  phase: 'index' | 'shards' | 'swap' | 'done';
  shardsDone: number;
  shardsTotal: number;
  bytesDone: number;
  bytesTotal: number;
}

/** `splits`: all when not given. */
export interface SyncOptions {
  splits?: readonly string[] | undefined;
  onProgress?: ((progress: SyncProgress) => void) | undefined;
  signal?: AbortSignal | undefined;
}

/** What a finished sync did. */
export interface SyncResult {
  digest: string;
  /** Whether another digest was current before. */
  changed: boolean;
  shardsFetched: number;
  bytesFetched: number;
  /** Files (halves of shards) deleted because the new index does not name them. */
  filesSwept: number;
}

/** Enough to hide latency; more would only hold more bodies in memory. */
const SHARDS_IN_FLIGHT = 6;

/** How often a sync starts over because the server's store was replaced, or another tab swept, in the middle. */
const STARTS = 4;

/** Thrown inside a sync to start it over. */
class Outdated extends Error {}

/** A shard, and which halves of it are missing. */
interface Missing {
  shard: ShardReference;
  images: boolean;
  labels: boolean;
}

/** Syncs the dataset at `address` into `vault`. See {@link Dataset.sync}. */
export async function syncDataset(
  address: Address,
  vault: Pick<Vault, 'intake'>,
  options: SyncOptions,
): Promise<SyncResult> {
  options.signal?.throwIfAborted();
  // Before waiting for other tabs' syncs: a deletion stops the syncs that wait as well as the one that runs.
  const intake = await vault.intake();
  return untilEither(intake.ended, options.signal, (signal) =>
    oneSync(address.database, signal, () => startOver(address, () => new SyncRun(address, intake, options, signal))),
  );
}

/** Runs syncs until one gets through. */
async function startOver(address: Address, start: () => SyncRun): Promise<SyncResult> {
  let because: unknown;
  for (let started = 0; started < STARTS; started++) {
    try {
      return await start().run();
    } catch (thrown) {
      if (!(thrown instanceof Outdated)) throw thrown;
      because = thrown.cause ?? thrown;
    }
  }
  throw new DataprepError(
    'stale',
    {
      place: address.index(),
      wanted: 'a dataset that stays the same during a sync',
      found: `it changed ${STARTS} times`,
      next: 'Wait until the store is no longer being replaced, then sync again.',
    },
    { cause: because },
  );
}

class SyncRun {
  readonly #address: Address;
  readonly #intake: Intake;
  readonly #options: SyncOptions;
  readonly #signal: AbortSignal;
  readonly #progress: SyncProgress = { phase: 'index', shardsDone: 0, shardsTotal: 0, bytesDone: 0, bytesTotal: 0 };

  constructor(address: Address, intake: Intake, options: SyncOptions, signal: AbortSignal) {
    this.#address = address;
    this.#intake = intake;
    this.#options = options;
    this.#signal = signal;
  }

  async run(): Promise<SyncResult> {
    this.#report('index');
    const index = checkIndex(await this.#json(this.#address.index()), this.#address.index());
    const contract = checkContract(await this.#json(this.#address.contract()), this.#address.contract());
    if (contract.digest !== index.digest) throw new Outdated('the contract is of another digest than the index');
    const splits = this.#splits(index);
    const wanted = index.shards.filter((shard) => splits.includes(shard.split));

    const before = await this.#intake.current();
    await this.#intake.begin({ index, splits });
    const missing = this.#missing(wanted, await this.#intake.keys());
    this.#report('shards');
    const bytesBefore = this.#progress.bytesDone;
    await inFlight(missing, SHARDS_IN_FLIGHT, (each) => this.#fetchShard(each, index));

    this.#report('swap');
    const filesSwept = await this.#swap(index, contract, splits);
    const bytesFetched = this.#progress.bytesDone - bytesBefore;
    this.#report('done');
    const changed = before?.index.digest !== index.digest;
    return { digest: index.digest, changed, shardsFetched: missing.length, bytesFetched, filesSwept };
  }

  #json(url: string): Promise<unknown> {
    return downloadJson(url, this.#signal);
  }

  #report(phase: SyncProgress['phase']): void {
    this.#progress.phase = phase;
    this.#options.onProgress?.({ ...this.#progress });
  }

  #splits(index: DatasetIndex): string[] {
    const known = inSplitOrder(Object.keys(index.splits));
    const asked = this.#options.splits ?? known;
    for (const split of asked) {
      if (known.includes(split)) continue;
      throw new DataprepError('usage', {
        place: `sync({ splits }) of ${index.name}`,
        wanted: `some of ${known.join(', ')}`,
        found: JSON.stringify(split),
        next: 'Leave `splits` out to sync them all.',
      });
    }
    return [...new Set(asked)];
  }

  #missing(wanted: readonly ShardReference[], stored: StoredKeys): Missing[] {
    const progress = this.#progress;
    const missing: Missing[] = [];
    for (const shard of wanted) {
      const images = !stored.images.has(shard.images.sha256);
      const labels = !stored.labels.has(shard.labels.sha256);
      progress.shardsTotal += 1;
      progress.bytesTotal += shard.images.bytes + shard.labels.bytes;
      progress.bytesDone += (images ? 0 : shard.images.bytes) + (labels ? 0 : shard.labels.bytes);
      if (images || labels) missing.push({ shard, images, labels });
      else progress.shardsDone += 1;
    }
    return missing;
  }

  async #fetchShard({ shard, images, labels }: Missing, index: DatasetIndex): Promise<void> {
    const [imageBytes, labelBytes] = await Promise.all([
      images ? this.#file(shard, shard.images, 'bin', index) : undefined,
      labels ? this.#file(shard, shard.labels, 'json', index) : undefined,
    ]);
    const place = `shard ${shard.id} (${this.#address.shard(shard.labels.sha256, 'json')})`;
    const parsed = labelBytes && checkShard(parseJson(labelBytes, place), shard, place);
    this.#signal?.throwIfAborted();
    await this.#intake.put({
      ...(imageBytes && { images: { sha256: shard.images.sha256, bytes: imageBytes } }),
      ...(parsed && { labels: { sha256: shard.labels.sha256, samples: parsed.samples } }),
    });
    this.#progress.shardsDone += 1;
    this.#progress.bytesDone += (imageBytes?.byteLength ?? 0) + (labelBytes?.byteLength ?? 0);
    this.#report('shards');
  }

  /** A half of a shard, its size and SHA-256 checked. */
  async #file(
    shard: ShardReference,
    file: FileReference,
    kind: 'bin' | 'json',
    index: DatasetIndex,
  ): Promise<Uint8Array<ArrayBuffer>> {
    const url = this.#address.shard(file.sha256, kind);
    let bytes: Uint8Array<ArrayBuffer>;
    try {
      // no-store: the bytes go into IndexedDB, and would lie in the HTTP cache a second time.
      bytes = await download(url, { cache: 'no-store', signal: this.#signal });
    } catch (thrown) {
      if (thrown instanceof DataprepError && thrown.code === 'http') await this.#unlessReplaced(index, thrown);
      throw thrown;
    }
    const sha256 = await sha256Hex(bytes);
    if (sha256 !== file.sha256) {
      throw new DataprepError('digest', {
        place: `shard ${shard.id} (${url})`,
        wanted: `${file.bytes} bytes of SHA-256 ${file.sha256}`,
        found: `${bytes.byteLength} bytes of ${sha256}`,
        next: 'Nothing of it was stored. Something on the way changed the bytes, or the store is damaged: verify it on the server, then sync again.',
      });
    }
    return bytes;
  }

  /** A shard is gone: if the server has another digest by now, the sync starts over; else the failure stands. */
  async #unlessReplaced(index: DatasetIndex, cause: DataprepError): Promise<void> {
    const now = checkIndex(await this.#json(this.#address.index()), this.#address.index());
    if (now.digest !== index.digest) throw new Outdated('the store was replaced', { cause });
  }

  async #swap(index: DatasetIndex, contract: Contract, asked: readonly string[]): Promise<number> {
    // A split of an earlier sync that is still whole stays usable: its shards are what this index names, too.
    const stored = await this.#intake.keys();
    const shardsOf = (split: string): ShardReference[] => index.shards.filter((shard) => shard.split === split);
    const splits = Object.keys(index.splits).filter(
      (split) => asked.includes(split) || holds(stored, filesOf(shardsOf(split))),
    );
    const needed = filesOf(splits.flatMap(shardsOf));
    const swept = await besideReaders(this.#address.database, (alone) =>
      this.#intake.swap({ index, contract, splits }, needed, alone),
    );
    if (swept === null) throw new Outdated('another tab swept shards that this sync relied on');
    return swept;
  }
}
