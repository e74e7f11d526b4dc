"""Who did something, for another installation: by name and kind, never by a number that means somebody else there."""

from __future__ import annotations

import re
from collections.abc import Iterable

from kobling.access.actors import Kind, read_key
from kobling.access.naming import named

_LONGEST = 200
_IN_TEXT = re.compile(r'"person:(\d{1,18})"')


class Names:
    """What people are called whose keys stand in rows; each is looked up once."""

    def __init__(self) -> None:
        self._known: dict[str, str] = {}

    def learn(self, keys: Iterable[str]) -> None:
        """Look up those that are not known yet, in one query."""
        fresh = {key for key in keys if key not in self._known}
        for key, who in (named(fresh) if fresh else {}).items():
            self._known[key] = f"{Kind.UNKNOWN.value}:{who.name}"[:_LONGEST] if _is_person(key) else key

    def of(self, key: str) -> str:
        """A key as it goes out: a person's is a name that nobody here can take for one of their own people."""
        self.learn([key])
        return self._known[key]

    def in_text(self, text: str) -> str:
        """The same for keys that stand in what was before and after."""
        return _IN_TEXT.sub(lambda found: f'"{self._quoted(found[0].strip(chr(34)))}"', text)

    def _quoted(self, key: str) -> str:
        return self.of(key).replace("\\", "").replace('"', "")


def arriving(key: str) -> str:
    """A key from a file, which nobody takes for a person of this installation."""
    return f"{Kind.UNKNOWN.value}:{key}"[:_LONGEST] if _is_person(key) else key


def _is_person(key: str) -> bool:
    return read_key(key)[0] is Kind.PERSON
