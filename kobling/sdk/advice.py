"""Turns an error into what a person needs to know: one function for web, mail and command line."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from kobling.records import N_, KoblingError
from kobling.records.errors import in_english

Translate = Callable[[str, Mapping[str, object]], str]
"""Gives a sentence with its parameters in somebody's language."""

_WHO = {
    "nobody": N_("nobody: Kobling tries again by itself"),
    "company admin": N_("an administrator of the company"),
    "bookkeeper": N_("the bookkeeper"),
    "operator": N_("whoever runs this installation"),
    "developer": N_("support"),
}
_UNEXPECTED = N_("Something happened that Kobling does not know.")


@dataclass(frozen=True, slots=True)
class Advice:
    """An error in a person's words, translated; ``vendor_code`` and ``vendor_text`` are the vendor's own."""

    what_happened: str
    who_can_fix: str
    what_to_do: str
    vendor_code: str | None = None
    vendor_text: str = ""


def advice(error: BaseException, translate: Translate = in_english) -> Advice:
    """Say what happened, who can fix it and what to press. An error that is not ours shows nothing of its text."""
    if not isinstance(error, KoblingError):
        return Advice(translate(_UNEXPECTED, {}), translate(_WHO["developer"], {}), translate(KoblingError.advice, {}))
    return Advice(
        translate(error.summary, error.params),
        translate(_WHO[error.who_fixes], {}),
        translate(error.advice, {}),
        error.code,
        error.vendor_text,
    )
