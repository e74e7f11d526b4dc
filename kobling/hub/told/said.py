"""A sentence with its parameters, translated where it is shown."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


class Said:
    """English text with ``%(name)s`` places, and what belongs in them."""

    __slots__ = ("params", "text")

    def __init__(self, text: str, params: Mapping[str, Any] | None = None) -> None:
        self.text = text
        self.params = dict(params or {})

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Said) and (self.text, self.params) == (other.text, other.params)

    def __hash__(self) -> int:
        return hash(self.text)

    def __repr__(self) -> str:
        return f"Said({self.text!r}, {self.params!r})"

    def __bool__(self) -> bool:
        return bool(self.text)


NOTHING = Said("")
