"""The one secret of a service."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from pathlib import Path

from dataprep.errors import SettingsError

VARIABLE = "DATAPREP_TOKEN"
_LEAST_LETTERS = 16


class Token:
    """The one secret of a service.

    Attributes:
        session: what a page's cookie holds: made from the token, and no way back to it.
        cookie: the cookie's name: servers on several ports of one machine share its cookies.
    """

    def __init__(self, secret: str) -> None:
        """From the secret; ASCII, without spaces around it."""
        self._digest = _digest(secret)
        self.session = hmac.new(secret.encode(), b"dataprep session", hashlib.sha256).hexdigest()
        self.cookie = f"dataprep-{_digest(self.session).hex()[:8]}"

    def __repr__(self) -> str:
        return "Token(…)"  # it may stand in a log

    def is_secret(self, found: str) -> bool:
        """Whether this is the secret; takes the same time whatever it is."""
        return hmac.compare_digest(_digest(found), self._digest)

    def is_session(self, found: str) -> bool:
        """Whether this is a cookie of ours; takes the same time whatever it is."""
        return hmac.compare_digest(_digest(found), _digest(self.session))


def _digest(text: str) -> bytes:
    # Of one length, whatever the text's: comparing would tell that otherwise.
    return hashlib.sha256(text.encode("utf-8", "surrogateescape")).digest()


def find_token(file: Path | None, environment: Mapping[str, str]) -> Token | None:
    """The token of a file, or of the environment; None where there is neither.

    Raises:
        SettingsError: the file can't be read, or the token is too short or has odd letters.
    """
    if file is None and VARIABLE not in environment:
        return None
    place = VARIABLE if file is None else str(file)
    secret = environment[VARIABLE] if file is None else _content(file)
    if len(secret) < _LEAST_LETTERS or not (secret.isascii() and secret.isprintable()) or " " in secret:
        raise SettingsError(
            f"{place}: wanted a token of {_LEAST_LETTERS} letters and digits or more, found {len(secret)} characters; "
            "make one with: python3 -c 'import secrets; print(secrets.token_urlsafe())'"
        )
    return Token(secret)


def _content(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"{file}: the token can't be read: {error}") from error
