import type { DecodePath } from './path.ts';

/** The `raw` format: the bytes are the picture. */
export const raw: DecodePath = {
  name: 'raw',
  async decode({ bytes, width, height }) {
    if (bytes.byteLength !== width * height * 3) {
      throw new Error(`${width} x ${height} x 3 bytes wanted, ${bytes.byteLength} found`);
    }
    // A copy: the input is a view of a whole shard, which would be kept alive by it.
    return { rgb: bytes.slice(), width, height };
  },
};
