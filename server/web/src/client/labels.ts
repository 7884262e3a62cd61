import { DataprepError, reasonOf } from './complaint.ts';
import type { Sample, ShardLabels } from './wire.ts';

/**
 * The samples of a shard's labels, each as a view of the bytes that it is there. To find them costs a tenth of what it
 * costs to parse them all and to print each.
 *
 * @param stored JSON in which the samples are the only objects right below the root
 */
export function sampleViews(stored: Uint8Array): Uint8Array[] {
  const quote = 0x22;
  const backslash = 0x5c;
  const open = 0x7b;
  const close = 0x7d;
  const views: Uint8Array[] = [];
  let depth = 0;
  let start = 0;
  for (let at = 0; at < stored.length; at++) {
    const byte = stored[at];
    // Braces in strings mean nothing. In UTF-8 none of these four is a part of another letter.
    if (byte === quote) while (++at < stored.length && stored[at] !== quote) at += stored[at] === backslash ? 1 : 0;
    if (byte === open && ++depth === 2) start = at;
    if (byte === close && depth-- === 2) views.push(stored.subarray(start, at + 1));
  }
  return views;
}

/** The samples of a shard's labels as stored. @throws DataprepError (`storage`) when these are damaged */
export function parseLabels(stored: Uint8Array): Sample[] {
  return parseStored<ShardLabels>(stored).samples;
}

const utf8 = new TextDecoder();

/** Labels as stored, or a view of them: they were checked when they came in. @throws DataprepError (`storage`) */
export function parseStored<T>(stored: Uint8Array): T {
  try {
    return JSON.parse(utf8.decode(stored));
  } catch (cause) {
    throw damagedLabels(reasonOf(cause), cause);
  }
}

/** What to throw where labels as stored are not what was downloaded. */
export function damagedLabels(found: string, cause?: unknown): DataprepError {
  const next = 'Call verify(), which fetches them again.';
  return new DataprepError('storage', { place: 'labels', wanted: 'what was stored', found, next }, { cause });
}
