"""YOLO, as Ultralytics writes it: one text file an image, one object a line, and a ``data.yaml``."""

from __future__ import annotations

import posixpath
from pathlib import Path
from typing import ClassVar, Literal

from pydantic import Field

from dataprep.errors import SourceError, near
from dataprep.inputs import Record, Refusal, walk
from dataprep.locations import content, read
from dataprep.pairing import Pairs, pair, rows
from dataprep.sources import AnnotatedSource, KeypointNames, Listing
from dataprep.sources.yolo.config import Config, Skeleton
from dataprep.sources.yolo.config import parse as parse_config
from dataprep.sources.yolo.lines import Found, Task
from dataprep.sources.yolo.pairs import Tree
from dataprep.sources.yolo.places import Named, all_in
from dataprep.sources.yolo.recognition import recognise
from dataprep.surroundings import instead_of
from dataprep.survey import Suggestion, Survey

_CONFIG = "data.yaml"


class Yolo(AnnotatedSource):
    """Boxes, outlines or keypoints from YOLO's text files.

    A line is a class id and numbers that are shares of the image's width and height; x and y of a box are its centre.
    They are continuous, so a share of 1 is the image's edge, and become pixels by the size of the decoded picture.
    """

    name: ClassVar[str] = "yolo"
    format: Literal["yolo"]
    task: Literal["detect", "segment", "pose"] = Field(
        description="what a line holds: a box; an outline; a box and keypoints. It is never guessed"
    )
    config: str | None = Field(
        None, description=f"data.yaml, relative to the root; left out: {_CONFIG}, where there is one"
    )
    images: str | None = Field(
        None,
        description="folder of images, relative to the root; left out: those that data.yaml names as train, val and "
        "test; where it names none, all in the root",
    )
    annotations: str = Field(
        "labels", description="the folder of labels that stands in the place of the last one called images"
    )
    keypoints: KeypointNames | None = Field(
        None, description="for pose: names and partners; left out: those of data.yaml, else point_0, point_1, …"
    )
    keypoint_values: Literal[2, 3] | None = Field(
        None, description="for pose: numbers of a keypoint, 3 with a visibility; left out: as kpt_shape says"
    )

    @classmethod
    def recognise(cls, survey: Survey) -> Suggestion | None:
        """A data.yaml and the images that it names, or images that have labels where these must lie."""
        return recognise(survey)

    def read(self, root: Path, *, split_folders: bool) -> Listing:
        """Pairs each image with the text file that lies where its labels must.

        Labels without image are ``missing_image``; a line of a list file without image is ``listed_missing``, or
        ``outside_root``; an image that ``data.yaml`` does not name is filtered as ``not_listed``. A line that is not
        what the task wants rejects its image: ``bad_row``, ``bad_polygon``, ``bad_number``, ``bad_box``,
        ``bad_keypoint``, ``bad_id`` or ``unknown_class``.
        """
        del split_folders
        config, tree = self._look(root)
        classes, ids = self._class_ids(config, root)
        keypoints, task = self._task(config, root)
        refused = tree.refused_images()
        images = tree.images(self.images or ("data.yaml" if tree.chosen.named else "."), refused)
        pairs = pair(images, tree.annotations(images, task, ids), root, "source.annotations", "second_annotation")
        others = [*tree.not_listed(), *tree.texts(pairs.alone)]
        refusals = rows(images, others, [*refused, *pairs.alone, *tree.chosen.refusals])
        records: list[Record] = []
        for key, path in images.files.items():
            row = self._row(key, path, tree, pairs, task)
            if isinstance(row, Record):
                records.append(row)
            else:
                refusals.append(row)
        return Listing(classes, keypoints, records, refusals)

    def _look(self, root: Path) -> tuple[Config, Tree]:
        files, refusals = walk(root, "a data set")
        config, name = Config(), self.config or _CONFIG
        if self.config is not None or _CONFIG in files:
            try:
                bytes_ = content(root / name) if self.config is not None else read(files[name])
            except OSError as error:
                raise SourceError(
                    f"{root / name}: data.yaml can't be read: {error.strerror or error}{instead_of(root / name)}"
                ) from error
            config = parse_config(bytes_, str(root / name))
        if self.images is not None or not config.splits:
            chosen = all_in(files, self.images or ".")
            chosen.splits.pop(posixpath.normpath(name), None)
            if self.images is not None and not chosen.splits:
                raise SourceError(f"{root}: wanted a folder of images in it, found nothing in {self.images}")
            return config, Tree(root, files, refusals, chosen, self.annotations, *chosen.folders)
        folder = posixpath.normpath(posixpath.dirname(name))
        folder = "." if folder == ".." or folder.startswith(("../", "/")) else folder
        named = Named(root, files, refusals, config, str(root / name), folder)
        return config, Tree(root, files, refusals, named.chosen(config.splits), self.annotations)

    def _class_ids(self, config: Config, root: Path) -> tuple[tuple[str, ...], dict[int, int]]:
        """All class names, and the ids that they have here by those of the files."""
        names = config.names or dict(enumerate(self.classes or ()))
        if not names:
            raise SourceError(
                f"{root}: label files have numbers for classes; wanted names in {self.config or _CONFIG}, or in "
                "source.classes, found none; is root the folder with that file?"
            )
        classes = self.classes if self.classes is not None else tuple(names.values())
        positions = {name: position for position, name in enumerate(classes)}
        for name in classes:
            if name not in names.values():
                raise SourceError(
                    f"{root}: source.classes has {name!r}, and the names of {self.config or _CONFIG} have not"
                    f"{near(name, names.values())}"
                )
        return classes, {id: positions[name] for id, name in names.items() if name in positions}

    def _task(self, config: Config, root: Path) -> tuple[KeypointNames | None, Task]:
        if self.task != "pose":
            return None, Task(self.task)
        skeleton, names = config.skeleton, self.keypoints
        values = self.keypoint_values or (skeleton.values if skeleton is not None else None)
        if values is None or (skeleton is None and names is None):
            raise SourceError(
                f"{root}: task pose wants kpt_shape in {self.config or _CONFIG}, or source.keypoints and "
                "source.keypoint_values"
            )
        if skeleton is not None:
            names = _declared(names, skeleton, root)
        assert names is not None  # one of both is there
        return names, Task("pose", len(names.names), values)

    def _row(self, key: str, path: str, tree: Tree, pairs: Pairs[Found], task: Task) -> Record | Refusal:
        if key in pairs.rejected:
            return pairs.rejected[key]
        name = tree.prefix + key
        notes = ("several_splits",) if name in tree.chosen.several else ()
        found = pairs.used.get(key)
        if found is None:
            if self.unannotated == "filter":
                return Refusal(key, "filtered", "no_annotation", "there is no label file of this image")
            found, notes = Found(task.labels(()), 0), (*notes, "no_annotation")
        dropped = (("repeated_label", found.repeated),) if found.repeated else ()
        split = tree.chosen.splits[name]
        return Record(key, path, found.labels, notes=notes, split=split, relative=task.placed, dropped=dropped)


def _declared(names: KeypointNames | None, skeleton: Skeleton, root: Path) -> KeypointNames:
    """The keypoints by the names that the manifest gives them, or by those of ``data.yaml``."""
    texts = skeleton.names or tuple(f"point_{index}" for index in range(skeleton.count))
    if names is not None:
        texts = names.names
        if len(texts) != skeleton.count:
            raise SourceError(
                f"{root}: source.keypoints has {len(texts)} names, and kpt_shape says {skeleton.count} keypoints"
            )
        if "pairs" in names.model_fields_set:
            return names
    return KeypointNames(names=texts, pairs=tuple((texts[one], texts[other]) for one, other in skeleton.pairs))
