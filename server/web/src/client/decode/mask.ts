/** A mask: the class index of every pixel, height x width uint8, row-major. */
export type Mask = Uint8Array<ArrayBuffer>;

const SIGNATURE = [137, 80, 78, 71, 13, 10, 26, 10];
/** Bit depth 8, gray, and the only methods there are; not interlaced. */
const GRAY = [8, 0, 0, 0, 0];

interface Chunks {
  header: Uint8Array<ArrayBuffer>;
  data: Uint8Array<ArrayBuffer>[];
}

function chunksOf(bytes: Uint8Array<ArrayBuffer>): Chunks {
  if (!SIGNATURE.every((byte, at) => bytes[at] === byte)) throw new Error('these bytes are no PNG');
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let header: Chunks['header'] | null = null;
  const data: Chunks['data'] = [];
  for (let at = SIGNATURE.length; at + 12 <= bytes.length; ) {
    const length = view.getUint32(at);
    const kind = String.fromCharCode(...bytes.subarray(at + 4, at + 8));
    const body = bytes.subarray(at + 8, at + 8 + length);
    if (kind === 'IHDR') header = body;
    if (kind === 'IDAT') data.push(body);
    at += length + 12;
  }
  if (!header || data.length === 0) throw new Error('the PNG has no header or no pixels');
  return { header, data };
}

async function inflated(parts: Uint8Array<ArrayBuffer>[]): Promise<Uint8Array<ArrayBuffer>> {
  const stream = new Blob(parts).stream().pipeThrough(new DecompressionStream('deflate'));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

/** Undoes a row's filter in place (PNG specification, 9.2); a pixel is one byte. */
function unfilter(kind: number, row: Uint8Array, above: Uint8Array): void {
  if (kind > 4) throw new Error(`the PNG has a row of filter ${kind}`);
  for (let x = 0; x < row.length; x++) {
    const a = x > 0 ? (row[x - 1] as number) : 0;
    const b = above[x] as number;
    let guess = kind === 1 ? a : kind === 2 ? b : kind === 3 ? (a + b) >> 1 : 0;
    if (kind === 4) {
      const c = x > 0 ? (above[x - 1] as number) : 0;
      const [pa, pb, pc] = [Math.abs(b - c), Math.abs(a - c), Math.abs(a + b - 2 * c)];
      guess = pa <= pb && pa <= pc ? a : pb <= pc ? b : c;
    }
    // The array keeps the sum's low eight bits, which is what the specification asks for.
    row[x] = (row[x] as number) + guess;
  }
}

/**
 * Decodes a mask.
 *
 * The bytes are read here and not by the browser: a canvas may change them (colour management, protection against
 * fingerprinting), and a class index that is off by one is another class.
 *
 * @throws Error for bytes that are not an 8-bit gray PNG of this size, not interlaced
 */
export async function decodeMask(bytes: Uint8Array<ArrayBuffer>, width: number, height: number): Promise<Mask> {
  const { header, data } = chunksOf(bytes);
  const size = new DataView(header.buffer, header.byteOffset, header.byteLength);
  const [w, h] = [size.getUint32(0), size.getUint32(4)];
  if (w !== width || h !== height) throw new Error(`${width} x ${height} pixels wanted, ${w} x ${h} found`);
  if (!GRAY.every((byte, at) => header[8 + at] === byte)) throw new Error('the PNG is not of 8-bit gray');
  const filtered = await inflated(data);
  if (filtered.length !== height * (width + 1)) throw new Error(`the PNG holds ${filtered.length} bytes of pixels`);
  const mask = new Uint8Array(width * height);
  let above: Uint8Array = new Uint8Array(width);
  for (let y = 0; y < height; y++) {
    const start = y * (width + 1);
    const row = mask.subarray(y * width, (y + 1) * width);
    row.set(filtered.subarray(start + 1, start + 1 + width));
    const kind = filtered[start] as number;
    if (kind !== 0) unfilter(kind, row, above);
    above = row;
  }
  return mask;
}
