"""The elements of Pascal VOC's XML, each as often as it may be there."""

from __future__ import annotations

import math
from collections.abc import Sequence
from xml.etree.ElementTree import Element, ParseError

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import fromstring

from dataprep.errors import AnnotationError
from dataprep.geometry import Size
from dataprep.labels import DIFFICULT, TRUNCATED
from dataprep.locations import read

_YES, _NO = ("1", "true", "yes"), ("", "0", "false", "no", "unspecified")


def root_of(path: str, place: str) -> Element:
    """The root of a file.

    Raises:
        AnnotationError: ``bad_annotation``, it is no XML, or not VOC's.
    """
    try:
        root: Element | None = fromstring(read(path))
    except (ParseError, DefusedXmlException, OSError, UnicodeError, LookupError) as error:
        raise AnnotationError("bad_annotation", f"{place}: no XML that can be read: {error}") from error
    if root is None or root.tag != "annotation":
        found = "nothing" if root is None else f"<{root.tag}>"
        raise AnnotationError("bad_annotation", f"{place}: wanted <annotation>, found {found}")
    return root


def objects_of(root: Element, place: str) -> Sequence[Element]:
    """The objects of an annotation.

    Raises:
        AnnotationError: ``bad_annotation``, some stand or are written where VOC has none: an image would pass for one
            that shows less.
    """
    objects = root.findall("object")
    others = [one.tag for one in root.iter() if isinstance(one.tag, str) and one.tag.lower() in ("object", "bndbox")]
    inside = [one.tag for each in objects for one in each.iter() if one.tag in ("object", "bndbox")]
    if len(others) > len(inside):
        raise AnnotationError(
            "bad_annotation",
            f"{place}: wanted each <object> right in <annotation>, and its <bndbox> in it, in small letters; found "
            f"{len(others) - len(inside)} elsewhere",
        )
    return objects


def only(element: Element, tag: str, place: str) -> Element | None:
    """The one child of a name; None without one.

    Raises:
        AnnotationError: ``bad_annotation``, there are several, and which one holds can't be known.
    """
    found = element.findall(tag)
    if len(found) > 1:
        raise AnnotationError("bad_annotation", f"{place}: wanted one <{tag}>, found {len(found)}; keep one")
    return found[0] if found else None


def text_of(element: Element, tag: str, place: str) -> str:
    """The text of a child that must be there.

    Raises:
        AnnotationError: ``bad_annotation``.
    """
    child = only(element, tag, place)
    text = "" if child is None else (child.text or "").strip()
    if not text:
        raise AnnotationError("bad_annotation", f"{place}: wanted <{tag}> with a text, found none")
    return text


def number_of(element: Element, tag: str, place: str) -> float:
    """The number in a child that must be there.

    Raises:
        AnnotationError: ``bad_annotation``, there is none, or one that is not finite.
    """
    text = text_of(element, tag, place)
    try:
        # Python reads 1_000 as a number; nobody else does.
        number = math.nan if "_" in text else float(text)
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise AnnotationError("bad_annotation", f"{place}: wanted a finite number in <{tag}>, found {text!r}")
    return number


def flags_of(element: Element, place: str) -> int:
    """The flags of an object: VOC writes 1 for yes and 0, or nothing, for no; some tools write words.

    Raises:
        AnnotationError: ``bad_annotation``, another text.
    """
    flags = 0
    for tag, flag in (("difficult", DIFFICULT), ("truncated", TRUNCATED)):
        child = only(element, tag, place)
        text = "" if child is None else (child.text or "").strip()
        if text.lower() in _YES:
            flags |= flag
        elif text.lower() not in _NO:
            raise AnnotationError("bad_annotation", f"{place}: wanted 0 or 1 in <{tag}>, found {text!r}")
    return flags


def size_of(root: Element, place: str) -> Size | None:
    """What is said of the image's size; None where that is nothing, or 0, as some tools write for "not known".

    Raises:
        AnnotationError: ``bad_annotation``, sides that are no whole numbers, or negative.
    """
    size = only(root, "size", place)
    if size is None:
        return None
    sides = []
    for tag in ("width", "height"):
        side = number_of(size, tag, place)
        if side < 0 or side != int(side):
            raise AnnotationError("bad_annotation", f"{place}: wanted whole pixels in <{tag}>, found {side:.17g}")
        sides.append(int(side))
    return Size(*sides) if all(sides) else None
