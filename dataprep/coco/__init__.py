"""What COCO's annotation files say; `dataprep.sources.coco` makes records of it."""
