import { DataprepError } from './complaint.ts';

/** Where a dataset lives: the addresses of its documents, and the name of its IndexedDB database. */
export interface Address {
  readonly name: string;
  readonly database: string;
  index(): string;
  contract(): string;
  shard(sha256: string, kind: 'bin' | 'json'): string;
}

/**
 * The root of a server as an absolute URL without a trailing slash.
 *
 * @param url absolute, or relative to `base`; a path is kept, so a static export below a folder works
 */
export function serverRoot(url: string, base?: string): string {
  let parsed: URL;
  try {
    parsed = new URL(url, base);
  } catch (cause) {
    throw new DataprepError(
      'usage',
      {
        place: 'openDataset(url)',
        wanted: 'the URL of a server',
        found: JSON.stringify(url),
        next: 'Pass e.g. location.origin.',
      },
      { cause },
    );
  }
  return parsed.origin + parsed.pathname.replace(/\/+$/, '');
}

/**
 * The addresses of the dataset `name` on the server at `url`.
 *
 * The database is `dataprep:{server}:{name}`, where server is the origin, and its path if it has one: two
 * exports below one origin are two servers.
 */
export function datasetAddress(url: string, name: string, base?: string): Address {
  if (!/^[a-z0-9-]+$/.test(name)) {
    throw new DataprepError('usage', {
      place: 'openDataset(name)',
      wanted: 'a dataset name of a-z, 0-9 and -',
      found: JSON.stringify(name),
      next: 'GET /v1/datasets lists the names.',
    });
  }
  const root = serverRoot(url, base);
  const prefix = `${root}/v1/datasets/${name}`;
  return {
    name,
    database: `dataprep:${root}:${name}`,
    index: () => `${prefix}/index.json`,
    contract: () => `${prefix}/contract.json`,
    shard: (sha256, kind) => `${prefix}/shards/${sha256}.${kind}`,
  };
}
