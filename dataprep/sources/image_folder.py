"""One folder a class, as torchvision's ImageFolder."""

from pathlib import Path
from typing import ClassVar, Literal

from pydantic import Field

from dataprep.errors import AnnotationError
from dataprep.inputs import Record, Refusal, walk
from dataprep.labels import Labels
from dataprep.sources import Listing, Source, class_id


class ImageFolder(Source):
    """The class of an image is the first folder of its key; folders below it only sort files.

    With ``split: {by: folder}`` the first folder is the split, and the second one the class.
    """

    name: ClassVar[str] = "image_folder"
    format: Literal["image_folder"]
    images: str = Field(".", description="folder of the class folders, relative to the root")

    def read(self, root: Path, *, split_folders: bool) -> Listing:
        """Lists the images; one outside any class folder is rejected as ``no_class``."""
        files, refusals = walk(root / self.images)
        level = 1 if split_folders else 0
        names = {key: parts[level] for key in files if len(parts := key.split("/")) > level + 1}
        classes = self.classes if self.classes is not None else tuple(sorted(set(names.values())))
        records = []
        for key, path in files.items():
            try:
                if key not in names:
                    raise AnnotationError("no_class", f"{key}: wanted a class folder around the file, found none")
                labels = Labels(class_id=class_id(names[key], classes, key))
            except AnnotationError as error:
                refusals.append(Refusal(key, "rejected", error.reason, str(error)))
            else:
                records.append(Record(key, path, labels))
        return Listing(classes, None, records, refusals)
