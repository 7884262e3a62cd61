import { DataprepError, reasonOf } from '../complaint.ts';
import type { Picture } from '../decode/path.ts';
import type { Color } from '../render/passes.ts';
import { orientationOf, upright } from './orientation.ts';

/** What an image can come as: a file, anything that a canvas draws, or pixels. */
export type ImageSource =
  | Blob
  | ImageData
  | ImageBitmap
  | HTMLImageElement
  | HTMLVideoElement
  | HTMLCanvasElement
  | OffscreenCanvas
  | VideoFrame
  | Picture;

type Drawable = Exclude<ImageSource, Blob | ImageData | Picture>;

/**
 * The upright RGB pixels of an image, alpha composited over the background.
 *
 * A file is decoded by the browser, which converts its colour profile to sRGB; its EXIF orientation is heeded here.
 *
 * @throws DataprepError (`decode`) for what this browser does not decode, or does not give back as it is
 */
export async function pixelsOf(image: ImageSource, background: Color): Promise<Picture> {
  if ('rgb' in image) return image;
  if ('data' in image) return composited(image.data, image.width, image.height, background);
  if (!(image instanceof Blob)) return drawn(await loaded(image), background);
  const orientation = orientationOf(new Uint8Array(await image.arrayBuffer()));
  const bitmap = await decoded(orientation ? new Blob([orientation.file]) : image);
  try {
    const picture = drawn(bitmap, background);
    return orientation ? upright(picture, orientation.value) : picture;
  } finally {
    bitmap.close();
  }
}

async function decoded(file: Blob): Promise<ImageBitmap> {
  try {
    return await createImageBitmap(file, { imageOrientation: 'from-image', premultiplyAlpha: 'none' });
  } catch (cause) {
    throw complaint('an image that this browser decodes', reasonOf(cause), 'Save it as JPEG or PNG.', cause);
  }
}

async function loaded(image: Drawable): Promise<Drawable> {
  if (!('decode' in image) || image.complete) return image;
  try {
    await image.decode();
  } catch (cause) {
    throw complaint('an image that loads', reasonOf(cause), 'Check its address.', cause);
  }
  return image;
}

function sizeOf(image: Drawable): [width: number, height: number] {
  if ('naturalWidth' in image) return [image.naturalWidth, image.naturalHeight];
  if ('videoWidth' in image) return [image.videoWidth, image.videoHeight];
  if ('displayWidth' in image) return [image.displayWidth, image.displayHeight];
  return [image.width, image.height];
}

/** Pixels that are drawn at once, so that a large photo needs no canvas of its size. */
const STRIP = 1 << 22;

function drawn(image: Drawable, background: Color): Picture {
  const [width, height] = sizeOf(image);
  if (width < 1 || height < 1) {
    throw complaint('an image with pixels', `${width} x ${height}`, 'Wait until it has loaded, or plays.');
  }
  const rows = Math.min(height, Math.max(1, Math.floor(STRIP / width)));
  const context = canvas(width, rows);
  checkReading(context);
  const rgb = new Uint8Array(width * height * 3);
  for (let top = 0; top < height; top += rows) {
    const count = Math.min(rows, height - top);
    context.clearRect(0, 0, width, rows);
    context.drawImage(image, 0, -top);
    compositeInto(rgb, top * width * 3, context.getImageData(0, 0, width, count).data, background);
  }
  return { rgb, width, height };
}

type Canvas2D = CanvasRenderingContext2D | OffscreenCanvasRenderingContext2D;

function canvas(width: number, height: number): Canvas2D {
  const surface =
    typeof OffscreenCanvas === 'undefined'
      ? Object.assign(document.createElement('canvas'), { width, height })
      : new OffscreenCanvas(width, height);
  // Reading back from a canvas on the GPU would cost a round trip.
  const context = surface.getContext('2d', { willReadFrequently: true }) as Canvas2D | null;
  if (!context) throw complaint('a 2D canvas', 'none', 'Pass pixels: { rgb, width, height }.');
  return context;
}

/** Some browsers give noise instead of what was drawn, so that pages can't tell them apart. */
function checkReading(context: Canvas2D): void {
  const pixel = context.createImageData(1, 1);
  pixel.data.set([1, 100, 254, 255]);
  context.putImageData(pixel, 0, 0);
  const found = [...context.getImageData(0, 0, 1, 1).data].join(', ');
  if (found === '1, 100, 254, 255') return;
  const next = 'Turn off its protection against fingerprinting for this page, or pass pixels: { rgb, width, height }.';
  throw complaint('a canvas that gives back what was drawn, 1, 100, 254, 255', found, next);
}

/** RGB of RGBA over a background. */
export function composited(rgba: ArrayLike<number>, width: number, height: number, background: Color): Picture {
  const rgb = new Uint8Array(width * height * 3);
  compositeInto(rgb, 0, rgba, background);
  return { rgb, width, height };
}

function compositeInto(rgb: Uint8Array, at: number, rgba: ArrayLike<number>, background: Color): void {
  for (let from = 0, to = at; from < rgba.length; from += 4, to += 3) {
    const alpha = rgba[from + 3] as number;
    for (let channel = 0; channel < 3; channel++) {
      const level = rgba[from + channel] as number;
      rgb[to + channel] = alpha === 255 ? level : mixed(level, background[channel] as number, alpha);
    }
  }
}

/** A level over another one in sRGB's own values, rounded as Pillow does. */
function mixed(level: number, below: number, alpha: number): number {
  const sum = level * alpha + below * (255 - alpha) + 128;
  return ((sum >> 8) + sum) >> 8;
}

function complaint(wanted: string, found: string, next: string, cause?: unknown): DataprepError {
  return new DataprepError('decode', { place: 'preprocess(image)', wanted, found, next }, { cause });
}
