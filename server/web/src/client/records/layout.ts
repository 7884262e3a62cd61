import type { Tables } from '../connection.ts';
import type { Transaction } from '../object-store.ts';
import type { Sample } from '../wire.ts';

/**
 * How samples lie in a database of records.
 *
 * - `records`: one table, one row a sample.
 * - `jsons+jpgs`: the two tables that the landmark trainer of face-api.js reads, labels in one and images in the other.
 */
export type RecordLayout = 'records' | 'jsons+jpgs';

/** Encoded bytes, as asked for. */
export type RecordBytes = Blob | Uint8Array<ArrayBuffer>;

/** Labels as on the wire, without what is the record's own or says where in a shard the bytes were. */
export type RecordLabels = Omit<Sample, 'key' | 'offset' | 'length' | 'mask'>;

/** A row of the table `records`, by `key`; the index `split` finds those of a split. */
export interface SampleRecord {
  /** The sample's key. */
  key: string;
  split: string;
  labels: RecordLabels;
  /** The encoded image; `labels.sha256` is its SHA-256. */
  image: RecordBytes;
  /** Where the sample has a mask: a PNG of class indices. */
  mask?: RecordBytes;
}

/** A row of the table `jsons`, by `id`; the index `split` finds those of a split. */
export interface JsonRecord {
  /** The sample's key. */
  id: string;
  split: string;
  /** The keypoints of the first instance, in pixels of the image; absent when one of them has no place (v = 0). */
  pts?: { x: number; y: number }[];
  labels: RecordLabels;
}

/** A row of the table `jpgs`, by `id`. */
export interface JpgRecord {
  /** The sample's key. */
  id: string;
  /** The encoded image, in the dataset's encoding, whatever the table's name says. */
  blob: RecordBytes;
  mask?: RecordBytes;
}

/** A sample's place in the image bytes of its shard. */
export type Place = [key: string, offset: number];

/** The tables of records. `shards` says, by the SHA-256 of a shard's labels, which samples came with it. */
export interface RecordTables {
  records: { key: string; value: SampleRecord; indexes: { split: string } };
  jsons: { key: string; value: JsonRecord; indexes: { split: string } };
  jpgs: { key: string; value: JpgRecord };
  shards: { key: string; value: { sha256: string; places: Place[] } };
}

/** The encoded bytes of a sample. */
export interface RecordPicture {
  image: RecordBytes;
  mask?: RecordBytes;
}

/** All tables that a transaction may name. */
export const RECORD_TABLES: Record<RecordLayout, ('records' | 'jsons' | 'jpgs')[]> = {
  records: ['records'],
  'jsons+jpgs': ['jsons', 'jpgs'],
};

/** Makes the tables of a layout. */
export function createRecordTables(fresh: IDBDatabase, layout: RecordLayout): void {
  fresh.createObjectStore('shards', { keyPath: 'sha256' });
  if (layout === 'records') {
    fresh.createObjectStore('records', { keyPath: 'key' }).createIndex('split', 'split');
  } else {
    fresh.createObjectStore('jsons', { keyPath: 'id' }).createIndex('split', 'split');
    fresh.createObjectStore('jpgs', { keyPath: 'id' });
  }
}

/** The transaction that makes new records current. */
export type Swap = Transaction<Tables, SwapTable>;

/** Those that it may be over. */
export type SwapTable = 'images' | 'labels' | 'dataset' | 'shards' | 'records' | 'jsons' | 'jpgs';

/** A sample as its rows have it. */
export interface StoredSample extends RecordPicture {
  split: string;
  labels: RecordLabels;
  /** False where what a layout derives from the labels does not follow from them. */
  derived: boolean;
}

/** What is done to the rows of one sample, whatever the layout. */
export interface Rows {
  /** The encoded bytes of a sample that is stored. */
  picture(key: string): Promise<RecordPicture | undefined>;
  /** All of a sample; undefined where a row of it is gone. */
  sample(key: string): Promise<StoredSample | undefined>;
  /** Writes a sample. `picture` null: that which is stored under the key stays. */
  put(split: string, sample: Sample, picture: RecordPicture | null): Promise<unknown>;
  delete(key: string): Promise<unknown>;
}

/** The rows of a layout, within a transaction. */
export function rowsOf(layout: RecordLayout, swap: Swap): Rows {
  return layout === 'records' ? sampleRows(swap) : jsonAndJpgRows(swap);
}

function sampleRows(swap: Swap): Rows {
  const records = swap.objectStore('records');
  const picture = async (key: string): Promise<RecordPicture | undefined> => {
    const row = await records.get(key);
    return row && { image: row.image, ...(row.mask && { mask: row.mask }) };
  };
  return {
    picture,
    async sample(key) {
      const row = await records.get(key);
      return row && { ...row, derived: true };
    },
    delete: (key) => records.delete(key),
    async put(split, sample, given) {
      const { key } = sample;
      const bytes = given ?? (await picture(key));
      if (!bytes) throw new RangeError(`no image is stored for ${key}`);
      return records.put({ key, split, labels: labelsOf(sample), ...bytes });
    },
  };
}

function jsonAndJpgRows(swap: Swap): Rows {
  const jsons = swap.objectStore('jsons');
  const jpgs = swap.objectStore('jpgs');
  return {
    async picture(id) {
      const row = await jpgs.get(id);
      return row && { image: row.blob, ...(row.mask && { mask: row.mask }) };
    },
    async sample(id) {
      const [json, jpg] = await Promise.all([jsons.get(id), jpgs.get(id)]);
      if (!json || !jpg) return undefined;
      const derived = JSON.stringify(json.pts) === JSON.stringify(pointsOf(json.labels));
      return { ...json, image: jpg.blob, ...(jpg.mask && { mask: jpg.mask }), derived };
    },
    delete: (id) => Promise.all([jsons.delete(id), jpgs.delete(id)]),
    put(split, sample, given) {
      const id = sample.key;
      const pts = pointsOf(sample);
      const json = jsons.put({ id, split, labels: labelsOf(sample), ...(pts && { pts }) });
      if (!given) return json;
      const { image, ...mask } = given;
      return Promise.all([json, jpgs.put({ id, blob: image, ...mask })]);
    },
  };
}

function labelsOf({ key: _key, offset: _offset, length: _length, mask: _mask, ...labels }: Sample): RecordLabels {
  return labels;
}

function pointsOf({ keypoints }: RecordLabels): JsonRecord['pts'] {
  const points = keypoints?.[0];
  // A point without a place would be one at 0, 0 to a trainer that knows nothing of visibility.
  if (!points || points.some(([, , v]) => v === 0)) return undefined;
  return points.map(([x, y]) => ({ x, y }));
}
