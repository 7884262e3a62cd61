"""One promise of a store, and what was found of it."""

from __future__ import annotations

from dataclasses import dataclass, field

# Findings that are kept in words, a check; all are counted.
_KEPT = 5


@dataclass(slots=True)
class Check:
    """One promise, and what was found of it.

    Attributes:
        name: stable code.
        promise: in a sentence.
        checked: how many things were looked at.
        failed: how many broke the promise.
        findings: the first few of those, each with its place.
    """

    name: str
    promise: str
    checked: int = 0
    failed: int = 0
    findings: list[str] = field(default_factory=list)

    def expect(self, good: bool, finding: str) -> None:
        """Counts one look, and keeps the finding when it was bad."""
        self.checked += 1
        if not good:
            self.failed += 1
            if len(self.findings) < _KEPT:
                self.findings.append(finding)
