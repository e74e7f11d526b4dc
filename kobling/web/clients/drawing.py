"""The rows of the list of clients as HTML, every value escaped by ``format_html``.

A page has fifty of them with eighty places each: in a template they took more than half of a page's time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import quote

from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _

from kobling.hub.told.said import filled
from kobling.web.clients.rows import Row
from kobling.web.ground import icons
from kobling.web.ground.templatetags import kobling as tags

_PLACE = 0
"""Stands in addresses where a client's number belongs."""
_CELL = '<td role="cell" class="{}">{}</td>'
_LABELLED = '<td role="cell" class="{}" data-l="{}">{}</td>'
_UNDER = '{}<span class="sub">{}</span>'
_NONE = mark_safe('<span class="zero">–</span>')
_ZERO = mark_safe('<span class="zero">0</span>')


@dataclass(frozen=True, slots=True)
class Drawing:
    """Draws the rows of one page. ``shown``: keys of the columns; ``opened``: the client whose panel stands beside.

    ``client``, ``actions``: addresses with a place for a client's number.
    """

    shown: frozenset[str]
    now: datetime
    opened: int | None
    said: Mapping[str, str]
    client: str
    actions: str

    @classmethod
    def of(cls, shown: frozenset[str], here: str, now: datetime, opened: int | None) -> Drawing:
        """Says every word once for all rows, in the reader's language."""
        client, actions = reverse("client", args=[_PLACE]), reverse("client_actions", args=[_PLACE])
        return cls(shown, now, opened, _words(), client, f"{actions}?next={quote(here)}")

    def drawn(self, rows: Iterable[Row]) -> SafeString:
        """All of them."""
        cells = [cell for key, cell in _CELLS if not key or key in self.shown]
        return mark_safe("\n".join(self._row(each, cells) for each in rows))  # noqa: S308 - of escaped parts

    def _row(self, row: Row, cells: list[Callable[[Drawing, Row], str]]) -> str:
        opened = ' class="on"' if row.pk == self.opened else ""
        return f'<tr role="row" data-row="{row.pk}"{opened}>{"".join(cell(self, row) for cell in cells)}</tr>'

    def at(self, address: str, row: Row) -> str:
        """An address with the client's number in it."""
        return address.replace(f"/{_PLACE}/", f"/{row.pk}/", 1)


def _words() -> dict[str, str]:
    return {
        "choose": _("Choose %(name)s"),
        "favourite": _("favourite"),
        "number": _("No."),
        "nobody": _("No bookkeeper"),
        "issues": _("Open issues"),
        "oldest": _("oldest %(time)s"),
        "receipts": _("Miss. rec."),
        "ready": _("For export"),
        "unused": _("not used"),
        "under": _("under the limit:"),
        "limit": _("limit %(amount)s"),
        "actions": _("Actions for %(name)s"),
    }


def _name(draw: Drawing, row: Row) -> str:
    said = draw.said
    tick = format_html(
        '<td role="cell" class="off"><input type="checkbox" form="selected" name="client" value="{}" aria-label="{}">'
        "</td>",
        row.pk,
        said["choose"] % {"name": row.name},
    )
    favourite = format_html('<span class="vh">{}</span>', said["favourite"]) if row.favourite else ""
    number = format_html('<span class="sub">{} {}</span>', said["number"], row.number) if row.number else ""
    name = format_html('<a class="name" href="{}">{}</a>', draw.at(draw.client, row), row.name)
    return f'{tick}<th scope="row" role="rowheader" class="one">{name}{favourite}{number}</th>'


def _state(_draw: Drawing, row: Row) -> str:
    return format_html(_CELL, "full", tags.state(row.figures.state, row.after))


def _people(draw: Drawing, row: Row) -> str:
    if row.people:
        found = "".join(tags.person(each) for each in row.people[:3])
        return f'<td role="cell" class="p3"><span class="avs">{found}</span></td>'
    none = '<span class="av none" title="{0}"><span aria-hidden="true">–</span><span class="vh">{0}</span></span>'
    return format_html(_CELL, "p3", format_html(none, draw.said["nobody"]))


def _systems(_draw: Drawing, row: Row) -> str:
    found = "".join(
        f"{tags.pair_of(each.left, each.right, each.direction, each.broken)} " for each in row.figures.systems[:2]
    )
    return f'<td role="cell" class="p2 off">{found}</td>'


def _run(draw: Drawing, row: Row) -> str:
    at = row.figures.last_good_run_at
    return format_html(_CELL, "p3", tags.time_under(at, draw.now) if at else _NONE)


def _issues(draw: Drawing, row: Row) -> str:
    number: Any = _ZERO
    if row.figures.open_issues:
        oldest = draw.said["oldest"] % {"time": row.oldest}
        number = format_html(_UNDER, tags.num(row.figures.open_issues), oldest)
    return format_html(_LABELLED, "r", draw.said["issues"], number)


def _receipts(draw: Drawing, row: Row) -> str:
    missing = row.figures.missing_receipts
    return format_html(_LABELLED, "r", draw.said["receipts"], tags.num(missing) if missing else _zero(draw, missing))


def _ready(draw: Drawing, row: Row) -> str:
    told, count = row.figures, row.figures.ready_count
    found: Any = _zero(draw, count)
    if count:
        worth = tags.kroner(told.ready_sum, told.ready_currency) + (" +" if told.ready_more else "")
        found = format_html(_UNDER, tags.num(count), worth)
    return format_html(_LABELLED, "r p2", draw.said["ready"], found)


def _wallet(draw: Drawing, row: Row) -> str:
    told = row.figures
    if told.wallet is None:
        return format_html(_CELL, "r p3", _zero(draw, None))
    balance: Any = tags.kroner(told.wallet)
    if told.low_balance:
        low = '<span class="flag">{}<span class="vh">{} </span> {}</span>'
        balance = format_html(low, icons.icon("trending-down"), draw.said["under"], balance)
    limit = (
        draw.said["limit"] % {"amount": tags.whole(told.wallet_threshold)} if told.wallet_threshold is not None else ""
    )
    return format_html(_CELL, "r p3", format_html(_UNDER, balance, f"{limit} {told.wallet_currency}".strip()))


def _deadline(_draw: Drawing, row: Row) -> str:
    found: Any = _NONE
    if row.figures.next_deadline:
        day = tags.on_day(row.figures.next_deadline)
        found = format_html('<span class="nowrap">{}</span><span class="sub">{}</span>', filled(row.deadline), day)
    return format_html(_CELL, "p2 off", found)


def _actions(draw: Drawing, row: Row) -> str:
    return format_html(
        '<td role="cell" class="act"><a class="btn quiet sq sm" href="{0}" hx-get="{0}" hx-target="#row-menu"'
        ' aria-haspopup="menu" data-menu title="{1}">{2}<span class="vh">{1}</span></a></td>',
        draw.at(draw.actions, row),
        draw.said["actions"] % {"name": row.name},
        icons.icon("ellipsis"),
    )


def _zero(draw: Drawing, value: int | None) -> SafeString:
    if value is not None:
        return _ZERO
    return format_html('<span class="zero" aria-label="{}">–</span>', draw.said["unused"])


_CELLS: tuple[tuple[str, Callable[[Drawing, Row], str]], ...] = (
    ("", _name),
    ("", _state),
    ("people", _people),
    ("systems", _systems),
    ("run", _run),
    ("issues", _issues),
    ("receipts", _receipts),
    ("ready", _ready),
    ("wallet", _wallet),
    ("deadline", _deadline),
    ("", _actions),
)
"""By the key of the column; those without one stand in every row."""
