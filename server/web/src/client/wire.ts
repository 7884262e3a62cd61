/**
 * The documents of the wire format (format 1), as a browser receives them. See docs/wire.md.
 *
 * Made from the server's OpenAPI document by `make wire`; a change here is lost.
 */

/** Source to stored image: x' = a x + b y + c, y' = d x + e y + f. Not rounded. */
export type Affine = [a: number, b: number, c: number, d: number, e: number, f: number];

/** x0, y0, x1, y1 in continuous pixels of the stored image. */
export type Box = [x0: number, y0: number, x1: number, y1: number];

/** A sample as the browsing routes give it. */
export interface BrowsedSample extends SampleLabels {
  id: number;
  split: string;
}

/** `contract.json`: how pixels become tensors, and how an image file becomes such pixels. */
export interface Contract {
  format: 1;
  name: string;
  digest: string;
  input: ContractInput;
  normalize: Normalization;
  /** As in the manifest. */
  transforms: unknown[];
  /** The same, each parameter with its value; null where another version built the store, with other transforms. */
  steps: Step[] | null;
  /** R, G, B behind transparent pixels; null where `steps` is. */
  background: [number, number, number] | null;
  classes: string[];
  keypoints: KeypointSpec | null;
  golden: GoldenSample[];
}

/** The tensor that a model takes, without the batch. */
export interface ContractInput {
  width: number | null;
  height: number | null;
  channels: 3;
  order: 'RGB';
  layout: 'NHWC';
  dtype: 'float32';
}

/** `index.json`: everything a client needs to sync. */
export interface DatasetIndex {
  format: 1;
  name: string;
  digest: string;
  labels: LabelKind[];
  /** Class ids are positions in this list. */
  classes: string[];
  keypoints: KeypointSpec | null;
  image: ImageSpec;
  normalize: Normalization;
  splits: Record<string, SplitSize>;
  shards: ShardReference[];
  golden: GoldenSample[];
}

/** The datasets being served. */
export interface DatasetList {
  datasets: DatasetSummary[];
}

/** A dataset as the list of datasets has it. */
export interface DatasetSummary {
  name: string;
  digest: string;
  classes: string[];
  labels: LabelKind[];
  image: ImageSpec;
  splits: Record<string, SplitSize>;
  /** Inputs by status; those that occur. */
  records: Partial<Record<RecordStatus, number>>;
}

/** A content-addressed file: its SHA-256 (64 lower-case hex digits) and its size in bytes. */
export interface FileReference {
  sha256: string;
  bytes: number;
}

/** A sample whose decoded picture is known: `rgb` is the SHA-256 of its height x width x 3 uint8 RGB bytes. */
export interface GoldenSample {
  key: string;
  split: string;
  sha256: string;
  rgb: string;
}

/** The process answers. */
export interface Health {
  status: 'ok';
}

/** How the stored images are encoded. `raw` is uint8 RGB, row by row, without a header. */
export type ImageFormat = 'jpeg' | 'png' | 'webp' | 'raw';

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

/**
 * x, y in continuous pixels of the stored image; v is 0 not labelled (x and y are 0 then, which means nothing), 1 not
 * visible, 2 visible.
 */
export type Keypoint = [x: number, y: number, v: 0 | 1 | 2];

/** The names of the keypoints, and which of them are left/right partners (positions in `names`). */
export interface KeypointSpec {
  names: string[];
  pairs: [number, number][];
}

/** A kind of label that a dataset may have. */
export type LabelKind = 'attributes' | 'boxes' | 'class' | 'keypoints' | 'mask' | 'polygons' | 'tags' | 'values';

/** A row of the ledger: what became of one input. */
export interface LedgerRow {
  id: number;
  key: string;
  status: RecordStatus;
  /** A stable code; null when accepted. */
  reason: string | null;
  /** A sentence for people. */
  note: string | null;
  /** Stable codes of what was odd but not fatal. */
  notes: string[];
  /** Labels dropped, by reason. */
  dropped: Record<string, number>;
}

/** A mask: a PNG of class indices (8-bit gray), of the size of the image. */
export interface MaskReference {
  length: number;
  sha256: string;
}

/** y = x * scale + offset for each of R, G, B, with x in 0…255. */
export interface Normalization {
  scale: [number, number, number];
  offset: [number, number, number];
}

/** An error (RFC 9457). */
export interface Problem {
  type: 'about:blank';
  title: string;
  status: number;
  /** A sentence: what was wanted, what was found, what to do. */
  detail: string;
}

/** Every store is open and answers. */
export interface Readiness {
  status: 'ok';
  datasets: number;
}

/** Some rows of the ledger, by ascending id; `next` is `after` of the page behind it, or null at the end. */
export interface RecordPage {
  records: LedgerRow[];
  next: number | null;
}

/** What became of an input. */
export type RecordStatus = 'accepted' | 'rejected' | 'duplicate' | 'filtered';

/** x0, y0, x1, y1, … of a polygon's corners, in continuous pixels of the stored image. */
export type Ring = number[];

/** A sample in a shard: its labels, and where its image lies in the shard's bytes. */
export interface Sample extends SampleLabels {
  offset: number;
  length: number;
}

/** A sample with its row of the ledger. */
export interface SampleDetail extends SampleLabels {
  id: number;
  split: string;
  record: LedgerRow;
}

/** The labels of a sample. A kind that the sample lacks is absent. */
export interface SampleLabels {
  /** The source file, or its name and `::0`, `::1`, … where one gave several samples. */
  key: string;
  /** Of the encoded image. */
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
  /** Sums of 1 crowd, 2 difficult, 4 truncated; absent when none is set. */
  box_flags?: number[];
  /** The share of each box's area that was not cut away; absent when all of every box is there. */
  box_visible?: number[];
  /** One list for each instance. */
  keypoints?: Keypoint[][];
  /** For each instance its rings (nonzero rule): one that is hidden in part has several, a hole runs backwards. */
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

/** Some samples, by ascending id; `next` is `after` of the page behind it, or null at the end. */
export interface SamplePage {
  samples: BrowsedSample[];
  next: number | null;
}

/** The JSON half of a shard. */
export interface ShardLabels {
  id: string;
  split: string;
  samples: Sample[];
}

/** One shard as the index names it. */
export interface ShardReference {
  id: string;
  split: string;
  /** Its number of samples. */
  count: number;
  images: FileReference;
  labels: FileReference;
}

/** What a split holds. */
export interface SplitSize {
  samples: number;
  images_bytes: number;
  labels_bytes: number;
}

/** A transform as it was taken: every parameter of its page in `dataprep schema`, fills in numbers. */
export interface Step {
  name: string;
  parameters: Record<string, unknown>;
}
