import { sha256 } from './sha256.ts';

/**
 * The SHA-256 of `bytes` as 64 lower-case hex digits.
 *
 * A page that came over plain http from another machine has no `crypto.subtle`; there it is computed in JavaScript,
 * several times slower.
 */
export async function sha256Hex(bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  const subtle = globalThis.crypto?.subtle;
  const digest = subtle ? new Uint8Array(await subtle.digest('SHA-256', bytes)) : await sha256(bytes);
  return Array.from(digest, (byte) => byte.toString(16).padStart(2, '0')).join('');
}
