"""Accounting entries: searching them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from kobling.simulators.pleo.company import Row
from kobling.simulators.pleo.envelope import Check, flag, read
from kobling.simulators.pleo.errors import invalid

SORTABLE = ("settledAt", "performedAt", "id", "bookkeepingDate")
_DATES = ("bookkeepingDate", "performedAt", "settledAt")
_FEW = 100
_LISTS = {
    "accountIds": lambda entry: [entry.get("accountId")],
    "employeeIds": lambda entry: [entry.get("employeeId")],
    "teamIds": lambda entry: [entry.get("teamId")],
    "tagRowIds": lambda entry: [tag["tagId"] for tag in entry["tags"]],
    "taxCodeIds": lambda entry: [entry.get("taxCodeId")],
    "families": lambda entry: [entry["family"]],
    "subFamilies": lambda entry: [entry.get("subFamily")],
    "status": lambda entry: [entry["status"]],
    "exportStatus": lambda entry: [entry["exportStatus"]],
    "reviewStatus": lambda entry: [entry["reviewStatus"]],
    "transactionValueCurrencies": lambda entry: [entry["transactionValue"]["currency"]],
}
_FLAGS = {
    "settled": "settledAt",
    "hasAccount": "accountId",
    "hasBookkeepingDate": "bookkeepingDate",
    "hasNote": "note",
}
_list: Check = lambda value: isinstance(value, list) and len(value) <= _FEW  # noqa: E731
_word: Check = lambda value: isinstance(value, str)  # noqa: E731
_FIELDS: Mapping[str, tuple[Check, bool]] = {
    "includeDeleted": (flag, True),
    **dict.fromkeys((*_LISTS, "tagGroupIdsUnset"), (_list, False)),
    **dict.fromkeys(_FLAGS, (flag, False)),
    **{f"{name}{end}": (_word, False) for name in _DATES for end in ("Start", "End")},
}


def search(rows: list[Row], body: Any) -> list[Row]:
    """Entries that fit everything asked for. Raises ApiError.

    Fidelity: known pleo §2 – only one family of dates in a call; deleted ones only with includeDeleted
    """
    asked = read(body, _FIELDS)
    dates = {name for name in _DATES for end in ("Start", "End") if asked.get(f"{name}{end}")}
    if len(dates) > 1:
        raise invalid("Filter by one kind of date only.")
    tests: list[Callable[[Row], bool]] = [] if asked["includeDeleted"] else [lambda row: not row.get("deletedAt")]
    for name, values_of in _LISTS.items():
        if asked.get(name):
            wanted = set(asked[name])
            tests.append(lambda row, of=values_of, some=wanted: not some.isdisjoint(of(row)))  # type: ignore[misc]
    for name, column in _FLAGS.items():
        if asked.get(name) is not None:
            tests.append(lambda row, of=column, want=asked[name]: bool(row.get(of)) is want)  # type: ignore[misc]
    for group in asked.get("tagGroupIdsUnset") or ():
        tests.append(lambda row, of=group: all(tag["tagGroupId"] != of for tag in row["tags"]))  # type: ignore[misc]
    for name in dates:
        least, most = asked.get(f"{name}Start") or "", asked.get(f"{name}End") or "9"
        tests.append(lambda row, of=name, a=least, b=most: bool(row.get(of)) and a <= row[of] <= b)  # type: ignore[misc]
    return [row for row in rows if all(test(row) for test in tests)]
