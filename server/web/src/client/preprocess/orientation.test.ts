import { describe, expect, it } from 'vitest';
import { orientationOf, upright } from './orientation.ts';

/** One directory with the orientation behind another tag. */
function exif(value: number, kind = 3, isLittle = true, claimed = 2): number[] {
  const number = (n: number, width: number): number[] => {
    const bytes = Array.from({ length: width }, (_, at) => (n >>> (8 * at)) & 255);
    return isLittle ? bytes : bytes.reverse();
  };
  const width = { 1: 1, 3: 2, 4: 4 }[kind] ?? 2;
  const entry = (tag: number, one: number): number[] => [
    ...[...number(tag, 2), ...number(kind, 2), ...number(1, 4)],
    ...[...number(one, width), 0, 0, 0, 0].slice(0, 4),
  ];
  const head = isLittle ? [0x49, 0x49, 0x2a, 0] : [0x4d, 0x4d, 0, 0x2a];
  return [...head, ...number(8, 4), ...number(claimed, 2), ...entry(0x0100, 3), ...entry(0x0112, value)];
}

const letters = (word: string): number[] => Array.from(word, (letter) => letter.charCodeAt(0));

function jpeg(block: number[]): Uint8Array<ArrayBuffer> {
  const content = [...letters('Exif\0\0'), ...block];
  const other = [0xff, 0xe0, 0, 4, 1, 2];
  return Uint8Array.of(0xff, 0xd8, ...other, 0xff, 0xe1, 0, content.length + 2, ...content, 0xff, 0xda, 0, 2);
}

function webp(block: number[]): Uint8Array<ArrayBuffer> {
  const odd = [...letters('ABCD'), 3, 0, 0, 0, 1, 2, 3, 0];
  return Uint8Array.of(...letters('RIFF----WEBP'), ...odd, ...letters('EXIF'), block.length, 0, 0, 0, ...block);
}

function png(block: number[]): Uint8Array<ArrayBuffer> {
  const crc = [9, 9, 9, 9];
  const header = [0, 0, 0, 2, ...letters('IHDR'), 1, 2, ...crc];
  const chunk = [0, 0, 0, block.length, ...letters('eXIf'), ...block, ...crc];
  return Uint8Array.of(137, ...letters('PNG\r\n\x1a\n'), ...header, ...chunk);
}

describe('an orientation', () => {
  it.each([
    ['JPEG', jpeg],
    ['WebP', webp],
    ['PNG', png],
  ] as const)('is read from a %s, and taken out of it', (_name, made) => {
    for (const isLittle of [true, false]) {
      for (const kind of [1, 3, 4]) {
        const file = made(exif(6, kind, isLittle));
        const found = orientationOf(file);
        expect(found?.value).toBe(6);
        expect(found?.file).toEqual(made(exif(1, kind, isLittle)));
        expect(orientationOf(found?.file as Uint8Array<ArrayBuffer>)).toBeNull();
      }
    }
  });

  it('is none where it says nothing, or nothing that is known', () => {
    expect(orientationOf(jpeg(exif(1)))).toBeNull();
    expect(orientationOf(jpeg(exif(9)))).toBeNull();
    expect(orientationOf(jpeg(exif(6, 2)))).toBeNull();
    expect(orientationOf(jpeg([1, 2, 3, 4]))).toBeNull();
    expect(orientationOf(new Uint8Array(3))).toBeNull();
    expect(orientationOf(new Uint8Array(40))).toBeNull();
  });

  it('is heeded in a directory that is cut short, but not one behind the end', () => {
    expect(orientationOf(jpeg(exif(8, 3, true, 40)))?.value).toBe(8);
    expect(orientationOf(jpeg(exif(8).slice(0, -3)))).toBeNull();
    expect(orientationOf(jpeg([0x49, 0x49, 0x2a, 0, 255, 255, 255, 255]))).toBeNull();
  });
});

describe('a picture', () => {
  // 2 x 3, each pixel by its number.
  const lying = { rgb: Uint8Array.from([1, 2, 3, 4, 5, 6].flatMap((n) => [n, n, n])), width: 2, height: 3 };

  it.each([
    [1, 2, [1, 2, 3, 4, 5, 6]],
    [2, 2, [2, 1, 4, 3, 6, 5]],
    [3, 2, [6, 5, 4, 3, 2, 1]],
    [4, 2, [5, 6, 3, 4, 1, 2]],
    [5, 3, [1, 3, 5, 2, 4, 6]],
    [6, 3, [5, 3, 1, 6, 4, 2]],
    [7, 3, [6, 4, 2, 5, 3, 1]],
    [8, 3, [2, 4, 6, 1, 3, 5]],
  ])('of orientation %i becomes upright, %i pixels wide', (orientation, width, wanted) => {
    const { rgb, ...size } = upright(lying, orientation);
    expect([...rgb].filter((_, at) => at % 3 === 0)).toEqual(wanted);
    expect(size).toEqual({ width, height: 6 / width });
  });
});
