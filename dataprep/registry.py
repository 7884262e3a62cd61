"""Finds the classes that the modules of a folder define; adding a file is all it takes to add one."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from collections.abc import Callable, Iterator, Mapping
from types import ModuleType
from typing import TypeVar, cast

T = TypeVar("T")


class Kinds(Mapping[str, type[T]]):
    """The subclasses of a class that the modules of a package define, by name, sorted.

    The module of a kind has the kind's name, so that to look one up imports no other.
    """

    def __init__(self, package: ModuleType, base: Callable[..., T], name: str) -> None:
        """Finds nothing yet.

        Args:
            package: the folder.
            base: the (abstract) class to look for.
            name: the class attribute that names a subclass.
        """
        self._package = package
        self._base = cast(type[T], base)
        self._name = name
        self._modules = sorted(one.name for one in pkgutil.iter_modules(package.__path__))
        self._known: dict[str, type[T] | None] = {}

    def __getitem__(self, label: str) -> type[T]:
        """Imports the module of a kind.

        Raises:
            KeyError: there is no such kind.
            ImportError: the module defines a kind of another name, or several.
        """
        if label not in self._known:
            self._known[label] = self._find(label) if label in self._modules else None
        found = self._known[label]
        if found is None:
            raise KeyError(label)
        return found

    def __iter__(self) -> Iterator[str]:
        return (module for module in self._modules if module in self)

    def __len__(self) -> int:
        return len(list(iter(self)))

    def _find(self, name: str) -> type[T] | None:
        """The one that a module defines; None where it defines none."""
        module = importlib.import_module(f"{self._package.__name__}.{name}")
        found = None
        for value in vars(module).values():
            if not isinstance(value, type) or value.__module__ != module.__name__:
                continue
            # What is abstract is what several kinds have in common, and no kind of its own.
            if not issubclass(value, self._base) or inspect.isabstract(value):
                continue
            label: str = getattr(value, self._name)
            if found is not None or label != name:
                raise ImportError(f"{module.__name__} defines {label!r}; a kind stands in a module of its name, alone")
            found = value
        return found
