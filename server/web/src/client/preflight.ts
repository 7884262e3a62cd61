import type { Address } from './address.ts';
import { checkIndex } from './check.ts';
import { downloadJson } from './download.ts';
import { bytesFree } from './room.ts';
import { type Plan, planSync } from './sync-plan.ts';
import type { StoredAs, Vault } from './vault.ts';
import type { DatasetIndex } from './wire.ts';

/** What a sync would do here, and with what. */
export interface Preflight {
  /** The digest that the server has now. */
  digest: string;
  /** Of the splits asked for, to the byte, as the index gives them. */
  bytesTotal: number;
  /** Of these, what is not stored yet. */
  bytesMissing: number;
  /**
   * What the browser estimates that may still be stored; null where it does not say. Chromium says 10 GiB whatever the
   * disk has, lest pages know it: there, a full disk shows in the middle of a sync.
   */
  bytesFree: number | null;
  /** False when the browser says that there is no room for what is missing: then a sync refuses to begin. */
  fits: boolean;
  /** Whether the browser promises to keep what is stored when disk space runs low; null where it does not say. */
  persisted: boolean | null;
  /** How image bytes are kept: tried, in IndexedDB. */
  storedAs: StoredAs;
  /**
   * What decodes images of this type here. Which path is exact the golden samples prove, once they are stored:
   * {@link DatasetStatus.decoder}.
   */
  decodesWith: 'raw' | 'ImageDecoder' | 'bitmaps' | null;
}

/** Asks the server for its index and looks whether there is room for it. See {@link Dataset.preflight}. */
export async function preflight(
  address: Address,
  vault: Vault,
  { splits, signal }: { splits?: readonly string[] | undefined; signal?: AbortSignal | undefined },
): Promise<Preflight> {
  const [found, room, { keys }, storedAs] = await Promise.all([
    downloadJson(address.index(), signal),
    look(),
    vault.stock(),
    vault.storedAs(),
  ]);
  const index = checkIndex(found, address.index());
  return whatWouldBe(index, planSync(index, splits, keys), room, storedAs);
}

/** What the browser says of the room that there is; as in {@link Preflight}. */
export type Room = Pick<Preflight, 'bytesFree' | 'persisted'>;

/** Asks the browser for room, and to keep what is going to be stored. */
export async function look(): Promise<Room> {
  // Not waited for: Firefox asks the user, who may let the question stand.
  globalThis.navigator?.storage?.persist?.().catch(() => undefined);
  const [free, kept] = await Promise.all([bytesFree(), persisted()]);
  return { bytesFree: free, persisted: kept };
}

/** What a sync by a plan would do in such room. */
export async function whatWouldBe(
  index: DatasetIndex,
  { bytesTotal, bytesMissing }: Plan,
  room: Room,
  storedAs: StoredAs,
): Promise<Preflight> {
  return {
    digest: index.digest,
    bytesTotal,
    bytesMissing,
    ...room,
    fits: room.bytesFree === null || bytesMissing <= room.bytesFree,
    storedAs,
    decodesWith: await decodesWith(index),
  };
}

/** Whether the browser promises to keep what is stored; null where it does not say. */
export async function persisted(): Promise<boolean | null> {
  return (await globalThis.navigator?.storage?.persisted?.().catch(() => null)) ?? null;
}

async function decodesWith({ image }: DatasetIndex): Promise<Preflight['decodesWith']> {
  if (image.format === 'raw') return 'raw';
  const decoder = typeof ImageDecoder === 'undefined' ? null : ImageDecoder;
  if (await decoder?.isTypeSupported(image.media_type).catch(() => false)) return 'ImageDecoder';
  return typeof createImageBitmap === 'undefined' ? null : 'bitmaps';
}
