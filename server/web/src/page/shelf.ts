import type { DatasetIndex } from '../client/wire.ts';
import {
  type BrowsedSample,
  type DatasetSummary,
  imageAddress,
  imageBytes,
  isReachable,
  type LedgerRow,
  listDatasets,
  listRecords,
  listSamples,
  oneSample,
  type Page,
  type SampleQuery,
  serverIndex,
} from './server.ts';
import { StoredShelf } from './stored-shelf.ts';

/** Where the pages find datasets. */
export interface Shelf {
  /** False when the server can't be reached: then there is what this browser has stored. */
  readonly online: boolean;
  readonly datasets: readonly DatasetSummary[];
  index(name: string): Promise<DatasetIndex>;
  /** Samples with an id above `after`. */
  samples(
    name: string,
    filter: SampleQuery,
    after: number | null,
    limit: number,
    signal: AbortSignal,
  ): Promise<Page<BrowsedSample>>;
  /** The row of the ledger that a sample came from. */
  record(name: string, id: number, signal: AbortSignal): Promise<LedgerRow>;
  /** Rows of the ledger with an id above `after`. */
  records(
    name: string,
    status: string,
    after: number | null,
    limit: number,
    signal: AbortSignal,
  ): Promise<Page<LedgerRow>>;
  /** The address of an encoded image, or mask, of a sample that was listed. */
  image(name: string, sha256: string): string;
  /** The bytes of the same. */
  imageBytes(name: string, sha256: string): Promise<Uint8Array<ArrayBuffer>>;
}

/** The server's datasets, or where it can't be reached those that are stored here. */
export async function openShelf(): Promise<Shelf> {
  const stored = await StoredShelf.open();
  if (stored.datasets.length > 0 && !(await isReachable())) return stored;
  return {
    online: true,
    datasets: await listDatasets(),
    index: serverIndex,
    samples: listSamples,
    record: async (name, id, signal) => (await oneSample(name, id, signal)).record,
    records: listRecords,
    image: imageAddress,
    imageBytes,
  };
}
