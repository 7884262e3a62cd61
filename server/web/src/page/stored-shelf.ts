import { datasetAddress } from '../client/address.ts';
import { parseLabels } from '../client/labels.ts';
import { type CurrentState, Vault } from '../client/vault.ts';
import type { DatasetIndex, Sample, ShardReference } from '../client/wire.ts';
import type { BrowsedSample, DatasetSummary, LedgerRow, Page, SampleQuery } from './server.ts';
import type { Shelf } from './shelf.ts';

interface StoredDataset {
  vault: Vault;
  current: CurrentState;
}

/** The datasets of this server that the browser has stored, browsed without the server. The ledger is not among it. */
export class StoredShelf implements Shelf {
  readonly online = false;
  readonly datasets: readonly DatasetSummary[];
  readonly #stored: ReadonlyMap<string, StoredDataset>;
  /** The images that were listed, and their addresses. Kept as long as the page: a gallery can be gone back to. */
  readonly #images = new Map<string, Blob>();
  readonly #addresses = new Map<string, string>();

  private constructor(stored: ReadonlyMap<string, StoredDataset>) {
    this.#stored = stored;
    this.datasets = [...stored.values()].map(({ current }) => summaryOf(current));
  }

  static async open(): Promise<StoredShelf> {
    const found = new Map<string, StoredDataset>();
    for (const name of await storedNames()) {
      const vault = new Vault(datasetAddress(location.origin, name).database);
      const current = await vault.current();
      if (current) found.set(name, { vault, current });
    }
    return new StoredShelf(found);
  }

  async index(name: string): Promise<DatasetIndex> {
    return this.#of(name).current.index;
  }

  async samples(
    name: string,
    filter: SampleQuery,
    after: number | null,
    limit: number,
    signal: AbortSignal,
  ): Promise<Page<BrowsedSample>> {
    const { vault, current } = this.#of(name);
    const items: BrowsedSample[] = [];
    // Ids are places in the index, from 1: the server's own are not stored.
    let id = 0;
    for (const shard of shardsOf(current)) {
      const first = id + 1;
      id += shard.count;
      if (id <= (after ?? 0) || (filter.split && shard.split !== filter.split)) continue;
      signal.throwIfAborted();
      const stored = await vault.labels(shard.labels.sha256);
      const numbered = (stored ? parseLabels(stored) : []).map((sample, at) => ({ sample, id: first + at }));
      const fitting = numbered.filter(
        (one) => one.id > (after ?? 0) && fits(one.sample, filter, current.index.classes),
      );
      const taken = fitting.slice(0, limit - items.length);
      if (taken.length > 0) await this.#takeImages(vault, shard, taken);
      items.push(...taken.map(({ sample, id }) => ({ ...sample, id, split: shard.split })));
      if (items.length === limit) return { items, next: items.at(-1)?.id ?? null };
    }
    return { items, next: null };
  }

  async record(): Promise<LedgerRow> {
    throw new Error('The ledger is on the server, which cannot be reached.');
  }

  records(): Promise<never> {
    return this.record() as Promise<never>;
  }

  image(_: string, sha256: string): string {
    const address = this.#addresses.get(sha256) ?? URL.createObjectURL(this.#image(sha256));
    this.#addresses.set(sha256, address);
    return address;
  }

  async imageBytes(_: string, sha256: string): Promise<Uint8Array<ArrayBuffer>> {
    return new Uint8Array(await this.#image(sha256).arrayBuffer());
  }

  #image(sha256: string): Blob {
    const found = this.#images.get(sha256);
    if (!found) throw new Error(`Image ${sha256} was not listed.`);
    return found;
  }

  #of(name: string): StoredDataset {
    const found = this.#stored.get(name);
    if (!found) throw new Error(`${name} is not stored in this browser.`);
    return found;
  }

  /** Takes the images of some samples, in one read of their shard. */
  async #takeImages(vault: Vault, shard: ShardReference, some: readonly { sample: Sample }[]): Promise<void> {
    if (some.every(({ sample }) => this.#images.has(sample.sha256))) return;
    const bytes = await vault.images(shard.images.sha256);
    if (!bytes) throw new Error(`The images of shard ${shard.id} are not stored any more. Sync again.`);
    const take = (sha256: string, start: number, length: number): void => {
      this.#images.set(sha256, new Blob([bytes.subarray(start, start + length)]));
    };
    for (const { sample } of some) {
      take(sample.sha256, sample.offset, sample.length);
      if (sample.mask) take(sample.mask.sha256, sample.offset + sample.length, sample.mask.length);
    }
  }
}

/** The names of the databases of this server's datasets; none where the browser does not list them. */
async function storedNames(): Promise<string[]> {
  const prefix = datasetAddress(location.origin, 'x').database.slice(0, -1);
  const databases = (await indexedDB.databases?.().catch(() => [])) ?? [];
  return (
    databases
      .map(({ name = '' }) => name)
      .filter((name) => name.startsWith(prefix))
      .map((name) => name.slice(prefix.length))
      // Those of records have more in their names.
      .filter((name) => /^[a-z0-9-]+$/.test(name))
      .sort()
  );
}

function shardsOf({ index, splits }: CurrentState): ShardReference[] {
  return index.shards.filter(({ split }) => splits.includes(split));
}

/** As the server filters: a class is the sample's own or a box's, a key is known by a part of it in any case. */
function fits(sample: Sample, { class: name, key }: SampleQuery, classes: readonly string[]): boolean {
  if (key && !sample.key.toLowerCase().includes(key.toLowerCase())) return false;
  if (!name) return true;
  const wanted = classes.indexOf(name);
  return sample.class === wanted || (sample.box_classes?.includes(wanted) ?? false);
}

function summaryOf({ index, splits }: CurrentState): DatasetSummary {
  const { name, digest, classes, labels, image } = index;
  const stored = Object.entries(index.splits).filter(([split]) => splits.includes(split));
  return { name, digest, classes, labels, image, splits: Object.fromEntries(stored), records: {} };
}
