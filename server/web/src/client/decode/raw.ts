import type { DecodePath } from './path.ts';

/** The `raw` format: the bytes are the picture. */
export const raw: DecodePath = async ({ bytes, width, height }, write) => {
  if (bytes.byteLength !== width * height * 3) {
    throw new Error(`${width} x ${height} x 3 bytes wanted, ${bytes.byteLength} found`);
  }
  const at = (offset: number) => ({ offset, stride: width * 3 });
  write({ bytes, planes: [at(0), at(1), at(2)], step: 3, ycbcr: false, width, height });
};
