/** The documents of the wire format (format 1), as a browser receives them. See docs/wire.md. */

/** A kind of label that a dataset may have. */
export type LabelKind = 'attributes' | 'boxes' | 'class' | 'keypoints' | 'mask' | 'polygons' | 'tags' | 'values';

/** How the stored images are encoded. `raw` is uint8 RGB, row by row, without a header. */
export type ImageFormat = 'jpeg' | 'png' | 'webp' | 'raw';

/** A content-addressed file: its SHA-256 (64 lower-case hex digits) and its size in bytes. */
export interface FileReference {
  sha256: string;
  bytes: number;
}

/** One shard as the index names it. `count` is its number of samples. */
export interface ShardReference {
  id: string;
  split: string;
  count: number;
  images: FileReference;
  labels: FileReference;
}

/**
 * The stored images; width and height (pixels) are null when the samples differ in size. JPEGs have a subsampling;
 * where a store from before there was a choice says none, it is 4:4:4.
 */
export interface ImageSpec {
  format: ImageFormat;
  media_type: string;
  subsampling?: '4:4:4' | '4:2:0';
  width: number | null;
  height: number | null;
}

/** y = x * scale + offset for each of R, G, B, with x in 0…255. */
export interface Normalization {
  scale: [number, number, number];
  offset: [number, number, number];
}

/** The names of the keypoints, and which of them are left/right partners (positions in `names`). */
export interface KeypointSpec {
  names: string[];
  pairs: [number, number][];
}

/** A sample whose decoded picture is known: `rgb` is the SHA-256 of its height x width x 3 uint8 RGB bytes. */
export interface GoldenSample {
  key: string;
  split: string;
  sha256: string;
  rgb: string;
}

/** What a split holds. */
export interface SplitSize {
  samples: number;
  images_bytes: number;
  labels_bytes: number;
}

/** `index.json`: everything a client needs to sync. */
export interface DatasetIndex {
  format: 1;
  name: string;
  digest: string;
  labels: LabelKind[];
  classes: string[];
  keypoints: KeypointSpec | null;
  image: ImageSpec;
  normalize: Normalization;
  splits: Record<string, SplitSize>;
  shards: ShardReference[];
  golden: GoldenSample[];
}

/** `contract.json`: how pixels become tensors. `transforms` is as in the manifest. */
export interface Contract {
  format: 1;
  name: string;
  digest: string;
  input: {
    width: number | null;
    height: number | null;
    channels: number;
    order: string;
    layout: string;
    dtype: string;
  };
  normalize: Normalization;
  transforms: unknown[];
  classes: string[];
  keypoints: KeypointSpec | null;
  golden: GoldenSample[];
}

/** x, y in continuous pixels of the stored image; v is 0 not labelled, 1 not visible, 2 visible. */
export type Keypoint = [x: number, y: number, v: number];

/** x0, y0, x1, y1 in continuous pixels of the stored image. */
export type Box = [x0: number, y0: number, x1: number, y1: number];

/** x0, y0, x1, y1, … of a polygon's corners, in continuous pixels of the stored image. */
export type Ring = number[];

/** A mask: a PNG of class indices (8-bit gray), of the size of the image. */
export interface MaskReference {
  length: number;
  sha256: string;
}

/** Source to stored image: x' = a x + b y + c, y' = d x + e y + f. */
export type Affine = [a: number, b: number, c: number, d: number, e: number, f: number];

/** The labels of a sample. A kind that the sample lacks is absent. */
export interface SampleLabels {
  key: string;
  sha256: string;
  /** The source image, after EXIF orientation, in pixels. */
  size: [width: number, height: number];
  affine: Affine;
  /** The stored image, in pixels. */
  image_size: [width: number, height: number];
  class?: number;
  /** Classes of an image that has several. */
  tags?: number[];
  boxes?: Box[];
  /** Positions in the index's classes; -1 for a box without a class. */
  box_classes?: number[];
  /** Sums of 1 crowd, 2 difficult, 4 truncated. */
  box_flags?: number[];
  /** The share of each box's area that was not cut away. */
  box_visible?: number[];
  keypoints?: Keypoint[][];
  /** For each instance its rings, by the nonzero rule: one that is hidden in part has several, a hole runs backwards. */
  polygons?: Ring[][];
  /** As `box_classes`. */
  polygon_classes?: number[];
  /** Its bytes follow the image's, at `offset + length` of the shard. */
  mask?: MaskReference;
  values?: Record<string, number>;
  attributes?: Record<string, string>;
  /** Boxes, keypoints and polygons, as far as they are there, are of the same instances in the same order. */
  linked?: true;
}

/** A sample in a shard: its labels, and where its image lies in the shard's bytes. */
export interface Sample extends SampleLabels {
  offset: number;
  length: number;
}

/** The JSON half of a shard. */
export interface ShardLabels {
  id: string;
  split: string;
  samples: Sample[];
}
