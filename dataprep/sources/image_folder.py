"""One folder a class, as torchvision's ImageFolder."""

from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar, Literal

from pydantic import Field

from dataprep.errors import AnnotationError
from dataprep.inputs import Record, Refusal, has_suffix_of_image, walk
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
        """Lists the images.

        A folder is a class when a file in it is named like an image. An image outside any class folder is rejected as
        ``no_class``; another file there, or in a folder that is no class, is filtered as ``not_an_image``.
        """
        files, refusals = walk(root / self.images)
        level = 1 if split_folders else 0
        names = {key: parts[level] for key in files if len(parts := key.split("/")) > level + 1}
        found = {name for key, name in names.items() if has_suffix_of_image(key)}
        classes = self.classes if self.classes is not None else tuple(sorted(found))
        # A class has many images, and one label.
        labels = [Labels(class_id=number) for number in range(len(classes))]
        records = []
        for key, path in files.items():
            try:
                records.append(Record(key, path, labels[_class(key, names.get(key), classes)]))
            except AnnotationError as error:
                status: Literal["filtered", "rejected"] = "filtered" if error.reason == "not_an_image" else "rejected"
                refusals.append(Refusal(key, status, error.reason, str(error)))
        return Listing(classes, None, records, refusals)


def _class(key: str, name: str | None, classes: Sequence[str]) -> int:
    if name not in classes and not has_suffix_of_image(key):
        raise AnnotationError("not_an_image", f"{key}: not in the folder of a class, and not named like an image")
    if name is None:
        raise AnnotationError("no_class", f"{key}: wanted a class folder around the file, found none")
    return class_id(name, classes, key)
