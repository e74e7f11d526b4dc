"""Several requests carried out together or not at all: which part's error it is, and of whose record it speaks."""

from __future__ import annotations

from collections.abc import Sequence

from kobling.records import N_, KoblingError, NotThere, Refused, StaleVersion, Unreachable
from kobling.sdk.http import Answer
from kobling.sdk.odata.batch import Part, Unplaced
from kobling.sdk.odata.service import Service
from kobling.sdk.outcomes import current

NOT_CARRIED_OUT = 424
"""A part that was fine, and was undone since another one failed."""


def carried_out(service: Service, parts: Sequence[Part], answers: Sequence[Answer | None], own: str) -> list[Answer]:
    """The answers of a change set that was carried out whole.

    ``own`` is the path of the record that the set is about: only an answer to a request of that path says that this
    record is gone or changed. Raises the failing part's error, nothing being done then; Unreachable when an answer is
    missing.
    """
    for part, answer in zip(parts, answers, strict=True):
        if answer is not None and answer.status >= 300 and answer.status != NOT_CARRIED_OUT:
            current().said_no()
            error = service.error(part, answer)
            its = not isinstance(answer, Unplaced) and part.path.partition("?")[0] == own
            raise error if its else of_another(error)
    told = [each for each in answers if each is not None]
    if len(told) < len(parts):
        current().said_nothing()
        raise Unreachable(N_("%(vendor)s did not answer to the end."), vendor=service.api.vendor)
    return told


def of_another(error: KoblingError) -> KoblingError:
    """An error about something that a record refers to or consists of, never about the record itself."""
    if not isinstance(error, NotThere | StaleVersion):
        return error
    said = Refused(
        error.summary, detail=error.detail, code=error.code or "part", vendor_text=error.vendor_text, field=error.field
    )
    said.params = error.params
    return said
