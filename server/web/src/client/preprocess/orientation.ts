import type { Picture } from '../decode/path.ts';

/**
 * How a picture must be turned, read from its file as dataprep/pixels/exif.py does: browsers heed the orientation of JPEGs, but
 * not all of them that of PNG and WebP.
 */
export interface Orientation {
  /** As EXIF numbers it, 1 … 8. */
  readonly value: number;
  /** The same file, with an orientation of 1: every browser decodes it as it lies. */
  readonly file: Uint8Array<ArrayBuffer>;
}

type Bytes = Uint8Array<ArrayBuffer>;

/** The orientation in a file's EXIF block; null where it has none to be heeded. */
export function orientationOf(file: Bytes): Orientation | null {
  const block = exifBlock(file);
  if (!block) return null;
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  const start = text(file, block.start, 6) === 'Exif\0\0' ? block.start + 6 : block.start;
  const mark = text(file, start, 4);
  const isLittle = mark === 'II*\0';
  if (!isLittle && mark !== 'MM\0*') return null;
  try {
    return firstDirectory(file, view, start, block.end, isLittle);
  } catch (thrown) {
    // A directory that leaves the file: as good as none.
    if (thrown instanceof RangeError) return null;
    throw thrown;
  }
}

const [TAG, BYTE, SHORT, LONG] = [0x0112, 1, 3, 4];

function firstDirectory(
  file: Bytes,
  view: DataView,
  start: number,
  end: number,
  isLittle: boolean,
): Orientation | null {
  const first = start + view.getUint32(start + 4, isLittle);
  if (first + 2 > end) return null;
  const count = view.getUint16(first, isLittle);
  let found: Orientation | null = null;
  for (let at = first + 2; at < first + 2 + 12 * count && at + 12 <= end; at += 12) {
    if (view.getUint16(at, isLittle) !== TAG) continue;
    const [kind, place] = [view.getUint16(at + 2, isLittle), at + 8];
    const width = { [BYTE]: 1, [SHORT]: 2, [LONG]: 4 }[kind];
    const value = width ? numberAt(view, place, width, isLittle) : 0;
    found = width && value >= 2 && value <= 8 ? { value, file: withOne(file, place, width, isLittle) } : null;
  }
  return found;
}

function numberAt(view: DataView, at: number, width: number, isLittle: boolean): number {
  if (width === 1) return view.getUint8(at);
  return width === 2 ? view.getUint16(at, isLittle) : view.getUint32(at, isLittle);
}

/** A PNG's checksum then fails, and its decoder leaves the whole block out: just as well. */
function withOne(file: Bytes, at: number, width: number, isLittle: boolean): Bytes {
  const copy = file.slice();
  copy.fill(0, at, at + width);
  copy[isLittle ? at : at + width - 1] = 1;
  return copy;
}

interface Block {
  start: number;
  end: number;
}

function text(file: Bytes, at: number, length: number): string {
  return String.fromCharCode(...file.subarray(at, at + length));
}

function exifBlock(file: Bytes): Block | null {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  if (file.length < 16) return null;
  if (view.getUint16(0) === 0xffd8) return jpegBlock(file, view);
  if (text(file, 1, 3) === 'PNG') return chunk(file, 8, 'eXIf', { lead: 8, name: 4, trail: 4, isLittle: false });
  if (text(file, 0, 4) === 'RIFF' && text(file, 8, 4) === 'WEBP') {
    return chunk(file, 12, 'EXIF', { lead: 8, name: 0, trail: 0, isLittle: true });
  }
  return null;
}

/** The first APP1 segment that is EXIF, before the pixels. */
function jpegBlock(file: Bytes, view: DataView): Block | null {
  for (let at = 2; at + 4 <= file.length; ) {
    if (file[at] !== 0xff) return null;
    const marker = file[at + 1] as number;
    if (marker === 0xff) {
      at += 1;
      continue;
    }
    if (marker === 0xda) return null;
    const end = at + 2 + view.getUint16(at + 2);
    if (marker === 0xe1 && text(file, at + 4, 6) === 'Exif\0\0') return { start: at + 4, end };
    at = end;
  }
  return null;
}

/** How a file's chunks are laid out: bytes before a chunk's content, where its name is in them, bytes behind it. */
interface Layout {
  lead: number;
  name: number;
  trail: number;
  isLittle: boolean;
}

function chunk(file: Bytes, first: number, wanted: string, { lead, name, trail, isLittle }: Layout): Block | null {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  for (let at = first; at + lead <= file.length; ) {
    const length = view.getUint32(at + (name === 0 ? 4 : 0), isLittle);
    const start = at + lead;
    if (text(file, at + name, 4) === wanted) return { start, end: Math.min(start + length, file.length) };
    // The chunks of a RIFF file begin at even places.
    at = start + length + trail + (name === 0 ? length % 2 : 0);
  }
  return null;
}

/** How pixels become upright: rows and columns exchanged, then rows mirrored, then columns. */
const TURNS: Record<number, readonly [exchanged: boolean, down: boolean, across: boolean]> = {
  2: [false, false, true],
  3: [false, true, true],
  4: [false, true, false],
  5: [true, false, false],
  6: [true, false, true],
  7: [true, true, true],
  8: [true, true, false],
};

/** A picture as it lies in its file, upright. */
export function upright({ rgb, width, height }: Picture, orientation: number): Picture {
  const [isExchanged, isDown, isAcross] = TURNS[orientation] ?? [false, false, false];
  const size = isExchanged ? { width: height, height: width } : { width, height };
  const turned = new Uint8Array(rgb.length);
  for (let row = 0, at = 0; row < height; row++) {
    for (let column = 0; column < width; column++, at += 3) {
      const y = isExchanged ? column : row;
      const x = isExchanged ? row : column;
      const to = ((isDown ? size.height - 1 - y : y) * size.width + (isAcross ? size.width - 1 - x : x)) * 3;
      turned[to] = rgb[at] as number;
      turned[to + 1] = rgb[at + 1] as number;
      turned[to + 2] = rgb[at + 2] as number;
    }
  }
  return { rgb: turned, ...size };
}
