import type { EncodedPicture } from './path.ts';
import type { Raster } from './raster.ts';

/** What a sheet decodes to at most, in bytes of RGB; and its rows, of which some browsers' canvases take no more. */
const SHEET_BYTES = 2 ** 20;
const MOST_ROWS = 2 ** 13;

/** Bytes of the segment that says after how many blocks a decoder begins anew. */
const RESTART = 6;

/** JPEGs whose blocks have been put one below the other into one JPEG. */
export interface Sheet {
  /** The pictures in it, from above, by their position among those that were given. */
  positions: number[];
  /** The JPEG of all of them; of one alone, as it is. */
  encoded: EncodedPicture;
  /** Rows from one picture's first to the next one's. */
  pitch: number;
}

/** Pictures of one header, and what follows it in each. */
interface Stack {
  positions: number[];
  first: EncodedPicture;
  frame: number;
  scan: number;
  scans: Uint8Array<ArrayBuffer>[];
}

/**
 * Puts pictures together, to be decoded at once: a decoder takes longer to be made than to decode a small picture.
 *
 * A JPEG has a restart marker wherever its decoder is to begin anew, so that JPEGs of one header, one after the other
 * with such markers between them, are one JPEG, which gives the pixels that each gives alone. That holds where no pixel
 * is made of its neighbours: baseline, gray or 4:4:4. All others, and those of another size, are sheets of their own.
 */
export function sheetsOf(pictures: readonly EncodedPicture[]): Sheet[] {
  const stacks: Stack[] = [];
  pictures.forEach((picture, position) => {
    const { bytes, width } = picture;
    const most = Math.min(MOST_ROWS, SHEET_BYTES / width / 3) / rowsOf(picture);
    const takes = ({ first, scan, scans }: Stack): boolean => {
      let at = 0;
      while (scans.length + 1 <= most && at < scan && bytes[at] === first.bytes[at]) at++;
      return at > 0 && at === scan;
    };
    const found = opened(picture);
    let stack = found && stacks.find(takes);
    if (!stack) {
      stack = { positions: [], first: picture, frame: 0, scan: 0, ...found, scans: [] };
      stacks.push(stack);
    }
    stack.positions.push(position);
    stack.scans.push(bytes.subarray(stack.scan, -2));
  });
  return stacks.map((stack) => {
    const { positions, first } = stack;
    const pitch = rowsOf(first);
    return { positions, encoded: positions.length < 2 ? first : joined(stack, pitch), pitch };
  });
}

/** The raster of one of a sheet's pictures. @param index counted from above */
export function cutOut(raster: Raster, { pitch }: Sheet, index: number, height: number): Raster {
  const [first, second, third] = raster.planes.map(({ offset, stride }) => ({
    offset: offset + index * pitch * stride,
    stride,
  })) as unknown as Raster['planes'];
  return { ...raster, planes: [first, second, third], height };
}

/** Rows of whole blocks. */
function rowsOf({ height }: EncodedPicture): number {
  return Math.ceil(height / 8) * 8;
}

/** Where the frame's header begins, and where the scan does, in a JPEG that may be put into a sheet; null for others. */
function opened({ bytes, width, height }: EncodedPicture): { frame: number; scan: number } | null {
  const word = (at: number): number => ((bytes[at] as number) << 8) | (bytes[at + 1] as number);
  let frame = 0;
  let at = 2;
  for (; word(at) !== 0xffda; at += 2 + word(at + 2)) {
    // Beyond the end a word is 0, and so no marker. A restart interval of its own would have to be another's.
    if (word(at) < 0xff01 || word(at) === 0xffdd) return null;
    if (word(at) === 0xffc0) frame = at;
  }
  const components = bytes[frame + 9] as number;
  const factors = bytes.subarray(frame + 10, frame + 10 + 3 * components);
  const whole = frame > 0 && word(frame + 5) === height && word(frame + 7) === width && bytes[at + 4] === components;
  if (!whole || factors.some((byte, index) => index % 3 === 1 && byte !== 0x11)) return null;
  const scan = at + 2 + word(at + 2);
  // What follows has no marker but the last one.
  let end = bytes.indexOf(255, scan);
  while (bytes[end + 1] === 0) end = bytes.indexOf(255, end + 2);
  return word(end) === 0xffd9 && end === bytes.length - 2 ? { frame, scan } : null;
}

function joined({ first, frame, scan, scans }: Stack, pitch: number): EncodedPicture {
  const height = pitch * scans.length;
  const blocks = (pitch / 8) * Math.ceil(first.width / 8);
  const bytes = new Uint8Array(scans.reduce((sum, each) => sum + each.length + 2, scan + RESTART));
  bytes.set(first.bytes.subarray(0, scan), RESTART);
  // The first marker again, before all else, and behind it the restart interval.
  bytes.set([0xff, 0xd8, 0xff, 0xdd, 0, 4, blocks >> 8, blocks]);
  bytes.set([height >> 8, height], RESTART + frame + 5);
  let at = RESTART + scan;
  scans.forEach((each, index) => {
    bytes.set(each, at);
    at += each.length + 2;
    bytes.set([0xff, index < scans.length - 1 ? 0xd0 | (index & 7) : 0xd9], at - 2);
  });
  return { ...first, bytes, height };
}
