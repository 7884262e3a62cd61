/** What kind of failure it was, for programs; the message is for people. */
export type ComplaintCode =
  | 'usage'
  | 'network'
  | 'http'
  | 'wire'
  | 'digest'
  | 'storage'
  | 'unsynced'
  | 'stale'
  | 'decode'
  | 'labels';

/** The four things every message says. */
export interface ComplaintParts {
  /** Where: a URL, a shard, a sample's key, an option. */
  place: string;
  wanted: string;
  found: string;
  /** What to do next: a whole sentence. */
  next: string;
}

/**
 * Every error of this client, apart from an abort (which rejects with the signal's own reason).
 *
 * The message reads "place: wanted …, found …. Next step."; the parts are fields as well.
 */
export class DataprepError extends Error implements ComplaintParts {
  override readonly name = 'DataprepError';
  readonly code: ComplaintCode;
  declare readonly place: string;
  declare readonly wanted: string;
  declare readonly found: string;
  declare readonly next: string;

  constructor(code: ComplaintCode, parts: ComplaintParts, options?: ErrorOptions) {
    super(`${parts.place}: wanted ${parts.wanted}, found ${parts.found}. ${parts.next}`, options);
    this.code = code;
    Object.assign(this, parts);
  }
}

/** The message of anything that was thrown. */
export function reasonOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message || thrown.name : String(thrown);
}
