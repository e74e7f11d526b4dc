"""Sentences that are kept with their parameters, and translated where they are shown."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext, ngettext

from kobling.records import COUNTED, N_

_SIDES = (N_("left"), N_("right"))


def filled(text: str, params: Mapping[str, Any] | None = None) -> str:
    """A kept sentence in the language of whom it is shown to, for one or for many; unfilled where parameters do not
    fit, and never an error: it is told of what went wrong already."""
    if not text:
        return ""
    told = dict(params or {})
    number = told.get("number")
    one = COUNTED.get(text) if str(number).isdigit() else None
    sentence = ngettext(one, text, int(str(number))) if one else gettext(text)
    if told.get("side") in _SIDES:
        told["side"] = gettext(told["side"])
    try:
        return sentence % told if told else sentence
    except (KeyError, TypeError, ValueError):
        return sentence


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
