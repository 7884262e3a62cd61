"""Which content coding a client wants (RFC 9110, 12.5.3); there are two: gzip, and none."""

from __future__ import annotations

import re

_CODING = re.compile(r"([!#$%&'*+.^_`|~0-9A-Za-z-]+)[ \t]*(?:;[ \t]*[qQ]=(0(?:\.[0-9]{0,3})?|1(?:\.0{0,3})?))?")


def wants_gzip(accept_encoding: str | None) -> bool:
    """Whether an ``Accept-Encoding`` header takes gzip, and does not like it less than plain bytes.

    >>> wants_gzip("gzip, deflate, br"), wants_gzip("*"), wants_gzip("x-gzip;q=0.5"), wants_gzip("br, GZIP")
    (True, True, True, True)
    >>> wants_gzip(None), wants_gzip("br"), wants_gzip("gzip;q=0, *"), wants_gzip("gzip;q=0.5, identity")
    (False, False, False, False)
    """
    weights: dict[str, float] = {}
    for member in (accept_encoding or "").split(","):
        if found := _CODING.fullmatch(member.strip()):
            weights[found[1].lower().removeprefix("x-")] = float(found[2] or 1)
    gzip = weights.get("gzip", weights.get("*", 0))
    return gzip > 0 and gzip >= weights.get("identity", 0)
