"""Names that look alike: only ever shown to a person, never reason enough to couple by itself.

Every name is compared with its neighbours in the alphabet, read forwards and backwards, so that a misspelling at
either end is met while the work grows with the number of names, not with its square.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterable, Iterator

from rapidfuzz import fuzz

from kobling.hub.store import sql
from kobling.records.texts import folded

ALIKE = 90
"""The score, of 100, from which two names are said to look alike."""
NEIGHBOURS = 8
_DIGITS = re.compile(r"\d+")
_ABBREVIATED = re.compile(r"(?<=\b\w)[/.](?=\w\b)|(?<=\.\w)\.")
_TABLE = "kobling_lookalike"


def score(one: str, other: str) -> int:
    """How alike two names are, of 100: any order of words, any case, Danish and Swedish letters in either spelling."""
    return round(fuzz.token_sort_ratio(folded(one), folded(other)))


def alike(one: str, other: str) -> bool:
    """Whether two names look alike. Different numbers in them make them different."""
    return _alike(folded(one), folded(other))


def alike_companies(one: str, other: str) -> bool:
    """Whether two names of companies look alike, however their legal form is spelled (AS, A/S, A.S.)."""
    return alike(_ABBREVIATED.sub("", one), _ABBREVIATED.sub("", other))


def _alike(one: str, other: str) -> bool:
    if _DIGITS.findall(one) != _DIGITS.findall(other):
        return False
    return bool(one and other) and fuzz.token_sort_ratio(one, other, score_cutoff=ALIKE) >= ALIKE


class Lookalikes:
    """Names about to be made on a side against those that are there, in a scratch table of this database connection."""

    def __init__(self) -> None:
        sql.run(f"DROP TABLE IF EXISTS {_TABLE}")
        sql.run(
            f"CREATE TEMPORARY TABLE {_TABLE} (fresh INTEGER NOT NULL, external_id VARCHAR(128) NOT NULL,"
            " name TEXT NOT NULL, back TEXT NOT NULL)"
        )

    def add(self, names: Iterable[tuple[str, str]], *, fresh: bool) -> None:
        """Add (external id, name): those about to be made (fresh), or those that are there."""
        rows = [(int(fresh), external_id, name, name[::-1]) for external_id, each in names if (name := folded(each))]
        sql.run_many(f"INSERT INTO {_TABLE} (fresh, external_id, name, back) VALUES (%s, %s, %s, %s)", rows)  # noqa: S608

    def doubles(self) -> set[str]:
        """Ids of fresh names that look like one that is there already."""
        return {*self._walk("name"), *self._walk("back")}

    def _walk(self, order: str) -> Iterator[str]:
        recent: deque[tuple[int, str, str]] = deque(maxlen=NEIGHBOURS)
        for fresh, external_id, name in sql.walk(
            f"SELECT fresh, external_id, name FROM {_TABLE} ORDER BY {order}, fresh, external_id"  # noqa: S608
        ):
            for other_fresh, other_id, other in recent:
                if fresh != other_fresh and _alike(name, other):
                    yield external_id if fresh else other_id
            recent.append((fresh, external_id, name))
