import { download, downloadJson } from '../client/download.ts';
import type {
  BrowsedSample,
  DatasetIndex,
  DatasetList,
  DatasetSummary,
  LedgerRow,
  RecordPage,
  RecordStatus,
  SampleDetail,
  SamplePage,
} from '../client/wire.ts';

export type { BrowsedSample, DatasetSummary, LedgerRow };

/** The statuses, in the order in which they are shown. */
export const STATUSES: readonly RecordStatus[] = ['accepted', 'rejected', 'duplicate', 'filtered'];

/** A page of something; `next` is what `after` must be for the page behind it, or null at the end. */
export interface Page<T> {
  items: T[];
  next: number | null;
}

/** Which samples to browse; what is empty does not filter. */
export interface SampleQuery {
  split: string;
  class: string;
  key: string;
}

const ROOT = '/v1/datasets';

function query(parameters: Record<string, string | number | null>): string {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(parameters)) {
    if (value !== '' && value !== null) search.set(name, String(value));
  }
  return search.size ? `?${search}` : '';
}

/** The datasets that are being served. */
export async function listDatasets(): Promise<DatasetSummary[]> {
  return ((await downloadJson(ROOT, undefined)) as DatasetList).datasets;
}

/** The index as the server has it now. */
export async function serverIndex(name: string, signal?: AbortSignal): Promise<DatasetIndex> {
  return (await downloadJson(`${ROOT}/${name}/index.json`, signal)) as DatasetIndex;
}

/** Samples with an id above `after`. */
export async function listSamples(
  name: string,
  filter: SampleQuery,
  after: number | null,
  limit: number,
  signal: AbortSignal,
): Promise<Page<BrowsedSample>> {
  const url = `${ROOT}/${name}/samples${query({ ...filter, after, limit })}`;
  const page = (await downloadJson(url, signal)) as SamplePage;
  return { items: page.samples, next: page.next };
}

/** A sample with its row of the ledger. */
export async function oneSample(name: string, id: number, signal: AbortSignal): Promise<SampleDetail> {
  return (await downloadJson(`${ROOT}/${name}/samples/${id}`, signal)) as SampleDetail;
}

/** Rows of the ledger with an id above `after`. */
export async function listRecords(
  name: string,
  status: string,
  after: number | null,
  limit: number,
  signal: AbortSignal,
): Promise<Page<LedgerRow>> {
  const url = `${ROOT}/${name}/records${query({ status, after, limit })}`;
  const page = (await downloadJson(url, signal)) as RecordPage;
  return { items: page.records, next: page.next };
}

/** Whether the server answers at all, soon: one try, as there is something to show meanwhile. */
export async function isReachable(): Promise<boolean> {
  try {
    await fetch(ROOT, { cache: 'no-cache', signal: AbortSignal.timeout(4000) });
    return true;
  } catch {
    return false;
  }
}

/** The bytes of an encoded image or mask. */
export async function imageBytes(name: string, sha256: string): Promise<Uint8Array<ArrayBuffer>> {
  return download(imageAddress(name, sha256), { cache: 'default' });
}

/** The address of an encoded image. */
export function imageAddress(name: string, sha256: string): string {
  return `${ROOT}/${name}/images/${sha256}`;
}
