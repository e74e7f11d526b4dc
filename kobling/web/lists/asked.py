"""What is asked of a list, read from its URL and written back into one. Whatever is not known is left out."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from urllib.parse import urlencode

from django.http import QueryDict

from kobling.records.errors import keepable
from kobling.web.lists.listing import Column, Listing

LONGEST = 100
ON = "1"


@dataclass(frozen=True, slots=True)
class Asked:
    """One state of a list: search, filters, order, columns, how dense, and after which row it goes on."""

    listing: Listing
    q: str = ""
    filters: tuple[str, ...] = ()
    sort: str = ""
    columns: tuple[str, ...] = ()
    after: str = ""
    dense: bool = False

    @classmethod
    def of(cls, listing: Listing, given: QueryDict) -> Asked:
        """As the URL says."""
        filters = tuple(each.key for each in listing.filters if given.get(each.key) == ON)
        sort = given.get("sort", "")
        shown = {each.key for each in listing.columns}
        # One name with commas in a link of ours, one name a tick where a form was sent.
        told = ",".join(given.getlist("columns")).split(",")
        columns = tuple(dict.fromkeys(each for each in told if each in shown))
        return cls(
            listing,
            keepable(given.get("q", "")).strip()[:LONGEST],
            filters,
            sort if listing.column(sort.removeprefix("-")) else "",
            columns,
            given.get("after", ""),
            given.get("dense") == ON,
        )

    @property
    def column(self) -> Column:
        """The column that the list is sorted by."""
        found = self.listing.column((self.sort or self.listing.order).removeprefix("-"))
        assert found is not None
        return found

    @property
    def descending(self) -> bool:
        """Whether the largest comes first."""
        return (self.sort or self.listing.order).startswith("-")

    @property
    def narrowed(self) -> bool:
        """Whether something is left out."""
        return bool(self.q or self.filters)

    def query(self) -> str:
        """The state as the query of a URL, without what is as it would be anyhow."""
        told: dict[str, str] = {"q": self.q, **dict.fromkeys(self.filters, ON), "sort": self.sort}
        told |= {"columns": ",".join(self.columns), "dense": ON if self.dense else "", "after": self.after}
        found = urlencode({name: value for name, value in told.items() if value})
        return f"?{found}" if found else "?"

    def sorted_by(self, column: Column) -> Asked:
        """Sorted by a column: the other way round where it is already."""
        if column.key == self.column.key:
            down = not self.descending
        else:
            down = column.descending
        return replace(self, sort=f"-{column.key}" if down else column.key, after="")

    def toggled(self, key: str) -> Asked:
        """With a filter on, or off where it is on."""
        others = tuple(each for each in self.filters if each != key)
        return replace(self, filters=others if key in self.filters else (*others, key), after="")

    def only_of(self, keys: Collection[str], key: str) -> Asked:
        """With that one filter of several, or with none of them."""
        others = tuple(each for each in self.filters if each not in keys)
        return replace(self, filters=(key, *others) if key else others, after="")

    def denser(self) -> Asked:
        """With lines closer together, or wider apart where they are close already."""
        return replace(self, dense=not self.dense, after="")

    def going_on(self, after: str) -> Asked:
        """From behind a row."""
        return replace(self, after=after)

    def whole(self) -> Asked:
        """The same list without search and filters."""
        return replace(self, q="", filters=(), after="")
