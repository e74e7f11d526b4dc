"""What became of records whose source waits to hear about it: booked as what, or why not, in a person's words."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from django.utils import translation

from kobling.hub.models import SyncIssue
from kobling.hub.planning.workbench import Workbench
from kobling.hub.store import couplings
from kobling.hub.store.quiet import is_quiet
from kobling.hub.told.said import filled
from kobling.mapping import Side
from kobling.records import N_
from kobling.sdk.protocols import Told

LANGUAGE = "da"
_GONE = N_("It was made as %(record)s and is not there any more. A person decides in Kobling whether it is made again.")
_WRONG = ("totals", "posted", "refused", "bad_value", "conflict", "deleted", "deleted_but_changed", "left_scope")
"""Kinds of issues by which a record is not over there as it should be."""


def counterparts(bench: Workbench, awaited: Sequence[str]) -> dict[str, str]:
    """The records of the right side that these are coupled with, by their own ids."""
    links = couplings.by_side(bench.table, Side.LEFT, awaited)
    return {external_id: each.right_id for external_id, each in links.items()}


def results(
    bench: Workbench, awaited: Sequence[str], now: datetime, language: str = LANGUAGE, there: Collection[str] = ()
) -> list[Told]:
    """A result for each record of the left side that has one; one that still waits has none.

    ``there``: the counterparts that were just read; a coupling alone proves nothing of the other system.
    Reasons are sentences in ``language``, since they are read by people in the system that the records come from.
    """
    links = couplings.by_side(bench.table, Side.LEFT, awaited)
    wrong = _wrong(bench.table, awaited)
    found = []
    with translation.override(language):
        for each in awaited:
            issue = wrong.get(each)
            if issue is not None:
                reason, kind = _why(issue, bench.mapping.reports or {})
                found.append(Told(each, False, now, reason=reason, kind=kind))
            elif each in links and links[each].right_id in there:
                found.append(Told(each, True, now, target_id=links[each].right_id))
            elif each in links:
                gone = filled(_GONE, {"record": links[each].right_id})
                found.append(Told(each, False, now, reason=gone, kind=""))
    return found


def said(failure: Mapping[str, Any], language: str = LANGUAGE) -> str:
    """A failure of a table as a sentence."""
    with translation.override(language):
        return filled(str(failure["summary"]), failure.get("params"))


def _wrong(table: int, awaited: Sequence[str]) -> dict[str, SyncIssue]:
    issues = SyncIssue.objects.filter(table_id=table, left_id__in=awaited).exclude(state="settled")
    chosen = [each for each in issues.order_by("id") if each.kind in _WRONG or not each.coupling]
    return {str(each.left_id): each for each in chosen if not is_quiet(each.kind)}


def _why(issue: SyncIssue, codes: Mapping[str, str]) -> tuple[str, str]:
    details: dict[str, Any] = json.loads(issue.details)
    if "summary" in details:
        said = filled(details["summary"], details.get("params"))
        return said, str(details.get("code") or codes.get(str(details.get("field")), ""))
    said = filled(issue.reason, json.loads(issue.params))
    fields: dict[str, list[Any]] = details.get("fields") or {}
    texts = [_problem(values[0]) for values in fields.values() if values and values[0]]
    kind = next((codes[name] for name in fields if name in codes), "")
    return " ".join(_unique([said, *texts] if issue.kind != "bad_value" else texts or [said])), kind


def _problem(told: Any) -> str:
    """What is wrong with a field: a text, or a sentence with parameters."""
    return filled(told[0], told[1]) if isinstance(told, list) else str(told)


def _unique(texts: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(filter(None, texts)))
