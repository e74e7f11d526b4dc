"""What Unimicro's error answers mean: three shapes of them.

Fidelity: known unimicro §6 – {Message}, {Messages: [{Message, Level, PropertyName}]}, or the posted graph back with
_validationResults anywhere inside; a _createguid that was used before is refused (assumed: its words name it)
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

from kobling.records import N_, AlreadyThere, Refused, SettingsError
from kobling.sdk.status import STATUSES, ErrorTable, Rule, Words

TITLE = "Unimicro"
USED_BEFORE = "createguid_used"
_ERROR_LEVEL = 30


def words_of(_status: int, body: bytes) -> Words:
    """The first error that is told, with its field; warnings alone are told too."""
    try:
        told = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return Words()
    found = sorted(_messages(told), key=lambda each: -each[0])
    if not found:
        return Words()
    _, text, field = found[0]
    small = text.casefold()
    code = USED_BEFORE if "createguid" in small or ("guid" in small and "exist" in small) else None
    return Words(code, text[:500], field)


def _messages(told: Any, field: str | None = None) -> Iterator[tuple[int, str, str | None]]:
    """(level, text, field) of every message anywhere in a body."""
    if isinstance(told, list):
        for each in told:
            yield from _messages(each, field)
        return
    if not isinstance(told, dict):
        return
    text = told.get("Message") or told.get("message")
    if isinstance(text, str) and text:
        level = told.get("Level")
        name = told.get("PropertyName") or field
        yield (level if isinstance(level, int) else _ERROR_LEVEL), text, str(name) if name else None
    for name, value in told.items():
        if name == "_validationResults" and isinstance(value, dict):
            for each, results in value.items():
                yield from _messages(results, each)
        elif isinstance(value, dict | list):
            yield from _messages(value, field)


ERRORS = ErrorTable(
    {
        **STATUSES,
        400: Rule(Refused, N_("%(vendor)s refused the record: %(text)s")),
        403: Rule(SettingsError, N_("%(vendor)s does not give our sign-in the right to do this: %(text)s")),
    },
    {USED_BEFORE: Rule(AlreadyThere, N_("%(vendor)s has this record already: %(text)s"))},
    words_of,
)
