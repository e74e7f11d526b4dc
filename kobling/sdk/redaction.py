"""Keeps secrets out of everything that a person or a log may see."""

from __future__ import annotations

import re
from collections.abc import Iterable

_SHORTEST = 4
_NAMED = re.compile(
    r"""(?ix) (\b (?: access_?token | refresh_?token | id_?token | access_?key | api_?key | client_?secret | password
    | session_?name | session_?id | phpsessid | code_verifier | assertion | authorization ) ["']? \s* [=:] \s* ["']?
    (?: (?: bearer | basic ) \s+ )? ) [^\s"'&,;}]+"""
)
_HIDDEN = "•••"


class Redactor:
    """Takes known secrets, and whatever looks like one by its name, out of a text.

    Values shorter than four characters are not searched for, since replacing them would destroy the text.
    """

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        self._secrets: list[str] = []
        for each in secrets:
            self.hide(each)

    def hide(self, secret: str | None) -> None:
        """Learn one more secret: a session, a token. The latest are kept when there are very many."""
        if secret and len(secret) >= _SHORTEST and secret not in self._secrets:
            self._secrets.append(secret)
            if len(self._secrets) > 50:
                del self._secrets[10]

    def __call__(self, text: str, limit: int = 300) -> str:
        """The text without secrets, cut to ``limit`` characters."""
        for secret in self._secrets:
            text = text.replace(secret, _HIDDEN)
        text = _NAMED.sub(rf"\1{_HIDDEN}", text)
        return text if len(text) <= limit else text[:limit] + "…"
