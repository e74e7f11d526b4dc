"""Looks for what a create made whose answer was lost."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

from kobling.connectors.simply_crm.service import Service
from kobling.connectors.simply_crm.vtql import PAGE, literal, select, writable
from kobling.records import N_, Record, Unsafe, exact
from kobling.sdk.looking_up import is_same, the_one
from kobling.sdk.protocols import Unread, Write

_MARGIN = timedelta(minutes=2)
_ANY_ZONE = timedelta(hours=14)
_SURE_TO_FIT = 40
_MOST_PAGES = 50
_FOUR_BYTES = re.compile("[\U00010000-\U0010ffff]")
_NOT_COMPARED = frozenset({"assigned_user_id", "productid", "hdnTaxType", "balance"})
"""Our user's by default; of a query's header a line's, never the document's; what the connector decides by itself."""
_NAMES = ("accountname", "productname", "servicename", "subject", "lastname")


class Finder:
    """Finds a record by the texts it was created with, among those created since the write began.

    Fidelity: known simply_crm §3 – there is no field for an id of ours, so equal texts are all there is
    Fidelity: known simply_crm §5 – a text may have been cut, and an emoji turned into question marks, on the way
    """

    def __init__(
        self,
        service: Service,
        module: str,
        columns: Callable[[], Awaitable[str]],
        records: Callable[[Sequence[dict[str, Any]]], Awaitable[tuple[list[Record], list[Unread]]]],
    ) -> None:
        self._service = service
        self._module = module
        self._columns = columns
        self._records = records

    async def near(self, write: Write) -> list[dict[str, Any]]:
        """Rows of that name that were created since the write began, whatever else they say."""
        await self._service.sign_in()
        sent = {name: value for name, value in write.fields.items() if name not in _NOT_COMPARED}
        texts = {name: value for name, value in sent.items() if isinstance(value, str) and value.strip()}
        if not texts:
            raise Unsafe(N_("Nothing tells which record is the one that was being created."))
        name = next((each for each in _NAMES if each in texts), "")
        named = [f"{name} = {literal(texts[name])}"] if name and _survives(texts[name]) else []
        rows = [row for row in await self._rows([*self._since(write), *named]) if row["id"] not in write.taken]
        alike = {name: texts[name]} if name else texts
        return [row for row in rows if all(_same(value, row.get(each)) for each, value in alike.items())]

    async def find(self, write: Write) -> Record | None:
        """The one record that says all that was sent, its lines too; None when nothing was made.

        Raises Unsafe when several could be it, or when one of that name says something else: a crash leaves headers
        without lines, and a person may have changed it since.
        """
        sent = {name: value for name, value in write.fields.items() if name not in _NOT_COMPARED}
        records, unread = await self._records(await self.near(write))
        if unread:
            raise unread[0].error
        return the_one(
            replace(write, fields=sent),
            records,
            vendor="Simply CRM",
            unique=False,
            # The query asked for no older ones.
            made_at=(lambda _: write.started_at) if write.started_at else None,
            same=_alike,
        )

    def _since(self, write: Write) -> list[str]:
        if write.started_at is None:
            return []
        margin = _MARGIN if self._service.offset is not None else _MARGIN + _ANY_ZONE
        return [f"createdtime >= {literal(self._service.stamp(write.started_at - margin))}"]

    async def _rows(self, conditions: list[str]) -> list[dict[str, Any]]:
        rows: list[dict[str, Any]] = []
        above: list[str] = []
        columns = await self._columns()
        for _ in range(_MOST_PAGES):
            page = await self._service.query(select(columns, self._module, *conditions, *above, order="id"))
            rows += page
            if len(page) < PAGE:
                return rows
            above = [f"id > {literal(page[-1]['id'])}"]
        raise Unsafe(N_("Too many records were created meanwhile to tell which one is ours."))


def _alike(sent: Any, kept: Any) -> bool:
    return _same(sent, kept) if isinstance(sent, str) and isinstance(kept, str) else is_same(sent, kept)


def _survives(value: str) -> bool:
    return writable(value) and len(value) <= _SURE_TO_FIT and not _FOUR_BYTES.search(value)


def _same(ours: str, theirs: object) -> bool:
    if not isinstance(theirs, str):
        return False
    sent, kept = ours.strip(), theirs.strip()
    damaged = _FOUR_BYTES.sub("????", sent)
    was_cut = len(kept) > _SURE_TO_FIT and damaged.startswith(kept)
    return sent == kept or damaged == kept or was_cut or _equal_numbers(sent, kept)


def _equal_numbers(sent: str, kept: str) -> bool:
    try:
        return exact(sent) == exact(kept)
    except ValueError:
        return False
