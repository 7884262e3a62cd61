"""Finds the classes that the modules of a folder define; adding a file is all it takes to add one."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from collections.abc import Callable
from types import ModuleType
from typing import TypeVar, cast

T = TypeVar("T")


def find(package: ModuleType, base: Callable[..., T], name: str) -> dict[str, type[T]]:
    """Imports every module of a package and collects its subclasses of `base`.

    Args:
        package: the folder.
        base: the (abstract) class to look for.
        name: the class attribute that names a subclass.

    Returns:
        The classes by name, sorted by name.

    Raises:
        ImportError: two classes of one name.
    """
    found: dict[str, type[T]] = {}
    for info in sorted(pkgutil.iter_modules(package.__path__), key=lambda info: info.name):
        module = importlib.import_module(f"{package.__name__}.{info.name}")
        for value in vars(module).values():
            if not isinstance(value, type) or value.__module__ != module.__name__:
                continue
            # What is abstract is what several kinds have in common, and no kind of its own.
            if not issubclass(value, cast(type[T], base)) or inspect.isabstract(value):
                continue
            label: str = getattr(value, name)
            if label in found:
                raise ImportError(f"{module.__name__} and {found[label].__module__} both define {label!r}; rename one")
            found[label] = value
    return dict(sorted(found.items()))
