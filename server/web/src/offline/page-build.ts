/** The files that pages are made of. */
export interface PageBuild {
  /** Of all of it: other files, another digest. */
  digest: string;
  /** The address of each on the server, and its digest as `integrity` writes it. */
  files: Record<string, string>;
}
