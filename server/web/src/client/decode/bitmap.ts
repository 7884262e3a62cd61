import type { DecodePath } from './path.ts';
import { fourBytes } from './raster.ts';

type Canvas2D = CanvasRenderingContext2D | OffscreenCanvasRenderingContext2D;

let shared: Canvas2D | null = null;

function canvas(width: number, height: number): Canvas2D {
  if (!shared) {
    const surface =
      typeof OffscreenCanvas === 'undefined' ? document.createElement('canvas') : new OffscreenCanvas(1, 1);
    // Reading back from a canvas on the GPU would cost a round trip a picture.
    shared = surface.getContext('2d', { willReadFrequently: true }) as Canvas2D | null;
  }
  if (!shared) throw new Error('there is no 2D canvas here');
  if (shared.canvas.width < width) shared.canvas.width = width;
  if (shared.canvas.height < height) shared.canvas.height = height;
  return shared;
}

/** createImageBitmap and a canvas: everywhere, also on plain http, and exact in all browsers that were measured. */
export const bitmap: DecodePath = async (encoded, write) => {
  const blob = new Blob([encoded.bytes], { type: encoded.mediaType });
  const source = await createImageBitmap(blob, { colorSpaceConversion: 'none', premultiplyAlpha: 'none' });
  try {
    const { width, height } = source;
    // From here to getImageData nothing is awaited: one canvas serves all pictures under way.
    const context = canvas(width, height);
    context.clearRect(0, 0, width, height);
    context.drawImage(source, 0, 0);
    const { data } = context.getImageData(0, 0, width, height);
    write(fourBytes(data, { offset: 0, stride: width * 4 }, { width, height }));
  } finally {
    source.close();
  }
};
