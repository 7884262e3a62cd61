"""Label files and the images that they are of."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from dataprep.errors import AnnotationError, SourceError
from dataprep.inputs import Refusal, has_suffix_of_image, split_suffix
from dataprep.locations import read
from dataprep.pairing import Annotation, Images
from dataprep.sources.yolo.lines import Found, Task, looks_like_labels, parse
from dataprep.sources.yolo.places import Chosen, images_of, label_name

SUFFIX = ".txt"
# The list of class names that labelImg puts among the labels.
_NO_LABELS = "classes.txt"


@dataclass(frozen=True, slots=True)
class Tree:
    """What lies under the root.

    Attributes:
        root: the root.
        files: locations by name relative to the root, sorted by name.
        refused: files that can't be used, for a reason of their own.
        chosen: which of them are images of the data set.
        labels: the folder that stands in the place of the one called images.
        prefix: what names begin with and keys do not.
    """

    root: Path
    files: Mapping[str, str]
    refused: Sequence[Refusal]
    chosen: Chosen
    labels: str
    prefix: str = ""

    def key(self, name: str) -> str:
        """The key of an image."""
        return name.removeprefix(self.prefix)

    def is_label(self, name: str) -> bool:
        """Whether a name is that of a text in a folder of labels, which counts as no file among the images."""
        return split_suffix(name)[1].lower() == SUFFIX and images_of(name, self.labels) is not None

    def images(self, shown: str, refused: Sequence[Refusal]) -> Images:
        """The images, with those that can't be used."""
        files = {
            self.key(name): self.files[name]
            for name in sorted(self.chosen.splits)
            if split_suffix(name)[1].lower() != SUFFIX
        }
        return Images.of(self.root / self.prefix, shown, files, refused)

    def refused_images(self) -> list[Refusal]:
        """Rows of files among the images that can't be used."""
        found = []
        for refusal in self.refused:
            name = refusal.meant or refusal.key
            if self.chosen.holds(name) and not self.is_label(name):
                found.append(replace(refusal, key=self.key(refusal.key), meant=self.key(refusal.meant)))
        return found

    def not_listed(self) -> list[Refusal]:
        """Rows of images that data.yaml leaves out."""
        note = "neither train nor val nor test of data.yaml holds it"
        return [
            Refusal(name, "filtered", "not_listed", note)
            for name in self.files
            if self.chosen.named and name not in self.chosen.splits and has_suffix_of_image(name)
        ]

    def texts(self, alone: Sequence[Refusal]) -> list[Refusal]:
        """Rows of texts that lie among the images, and are neither images nor labels without one."""
        taken = {refusal.key for refusal in alone}
        return [
            Refusal(self.key(name), "filtered", "not_an_image", "a text that lies among the images")
            for name in self.chosen.splits
            if split_suffix(name)[1].lower() == SUFFIX and not self.is_label(name) and self.key(name) not in taken
        ]

    def annotations(self, images: Images, task: Task, ids: Mapping[int, int]) -> list[Annotation[Found]]:
        """Every label file, read.

        Raises:
            SourceError: there are images, and no label file where those of any must be.
        """
        targets: dict[str, tuple[str, ...]] = {}
        for key in (key for keys in images.stems.values() for key in keys):
            target = label_name(self.prefix + key, self.labels)
            targets[target] = (*targets.get(target, ()), key)
        found = [*self._texts(targets, task, ids), *self._refused_texts(targets)]
        if targets and not any(annotation.images for annotation in found):
            name, (key, *_) = next(iter(targets.items()))
            raise SourceError(
                f"{self.root}: none of the {len(images.files)} images in {images.shown} has labels; those of {key} "
                f"would be {name}; does source.annotations name another folder's?"
            )
        return found

    def _texts(
        self, targets: Mapping[str, tuple[str, ...]], task: Task, ids: Mapping[int, int]
    ) -> Iterator[Annotation[Found]]:
        others = {label_name(name, self.labels) for name in self.files if has_suffix_of_image(name)}
        for name, path in self.files.items():
            stem, suffix = split_suffix(name)
            if suffix.lower() != SUFFIX:
                continue
            target = stem + SUFFIX
            if target in targets:
                yield Annotation(name, targets[target], _parsed(path, name, task, ids), None)
            elif target not in others and self._is_annotation(name, path):
                wanted = split_suffix(images_of(name, self.labels) or name)[0]
                alone = Refusal(self._row_key(name), "rejected", "missing_image", f"{name} has no image {wanted}.*")
                yield Annotation(name, (), AnnotationError(alone.reason, alone.note), alone)

    def _is_annotation(self, name: str, path: str) -> bool:
        """Whether a text that has no image is labels of one, and no note, list or README."""
        image = images_of(name, self.labels)
        if image is not None:
            return self.chosen.holds(image) and not name.endswith(f"/{_NO_LABELS}")
        return name in self.chosen.splits and _looks_like_labels(path)

    def _row_key(self, name: str) -> str:
        """The key of a row of a text, which lies among the images or not."""
        return self.key(name) if name in self.chosen.splits and not self.is_label(name) else name

    def _refused_texts(self, targets: Mapping[str, tuple[str, ...]]) -> Iterator[Annotation[Found]]:
        """Label files that can't be used: their images must not pass for images without objects."""
        for refusal in self.refused:
            name = refusal.meant or refusal.key
            stem, suffix = split_suffix(name)
            if suffix.lower() != SUFFIX:
                continue
            image = images_of(name, self.labels)
            keys = targets.get(stem + SUFFIX, ())
            error = AnnotationError("bad_annotation", f"{refusal.key}: {refusal.reason}: {refusal.note}")
            if keys:
                yield Annotation(refusal.key, keys, error, None)
            elif image is not None and self.chosen.holds(image):
                yield Annotation(refusal.key, (), error, refusal)


def _parsed(path: str, name: str, task: Task, ids: Mapping[int, int]) -> Found | AnnotationError:
    try:
        return parse(read(path), name, task, ids)
    except OSError as error:
        return AnnotationError("bad_annotation", f"{name}: can't be read: {error.strerror or error}")
    except AnnotationError as error:
        return error


def _looks_like_labels(path: str) -> bool:
    try:
        return looks_like_labels(read(path))
    except OSError:
        return False
