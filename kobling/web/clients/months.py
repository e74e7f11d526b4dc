"""The last months over the list: how far each is exported, as links that leave the clients where it is not."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from django.utils.translation import get_language

from kobling.access import spoken
from kobling.portal.months import Month
from kobling.web.clients.listing import month_key
from kobling.web.lists.asked import Asked


@dataclass(frozen=True, slots=True)
class Shown:
    """A month with its name, the link that sets or clears its filter, and whether that is set."""

    told: Month
    name: str
    link: str
    on: bool


def strip(months: Iterable[Month], asked: Asked) -> tuple[Shown, ...]:
    """The months as they stand over the list that is asked for; one at a time is chosen."""
    keys = {each.key for each in asked.listing.filters if not each.offered}
    return tuple(_shown(each, asked, keys) for each in months)


def _shown(month: Month, asked: Asked, keys: set[str]) -> Shown:
    key, on = month_key(month.month), month_key(month.month) in asked.filters
    link = asked.only_of(keys, "" if on else key).query()
    return Shown(month, spoken.month(month.month, get_language() or "en"), link, on)
