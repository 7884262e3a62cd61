"""Bytes to pixels, pixels to pixels, pixels to bytes; the only importer of cv2, PIL and simplejpeg in the pipeline."""
