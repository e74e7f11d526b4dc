"""General journals: which template and batch lines go to, chosen by name and never by chance.

Fidelity: known business_central §6.1 – a list without a filter on templateDisplayName shows the default template only,
the first by name; a new batch gets that template unless another is named; post posts all lines of a batch or none
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from kobling.records import N_, NotOffered, Refused
from kobling.sdk.odata.query import equals, one_of
from kobling.sdk.odata.service import Row, Service
from kobling.sdk.outcomes import aside
from kobling.sdk.protocols import Setting

SETTINGS = (
    Setting(
        "journal_template",
        N_("Journal template"),
        N_("The general journal template that expenses go to. Empty: the one that Business Central takes by itself."),
        required=False,
    ),
    Setting("journal_batch", N_("Journal batch"), N_("The batch in it that drafts are put into."), required=False),
)
_COLUMNS = "id,code,displayName,templateDisplayName,balancingAccountNumber"


class Journals:
    """The batches of one company. ``template`` and ``batch`` are names a person chose."""

    def __init__(self, service: Service, template: str, batch: str) -> None:
        self._service = service
        self.template = template
        self.batch = batch
        self._chosen: Row | None = None

    async def chosen(self) -> Row:
        """The batch that drafts go to. Raises NotOffered saying what there is, or what to rename.

        A batch with a balancing account of its own is refused, since it would be put on every line.
        """
        if self._chosen is None:
            found = next((each for each in await self._batches() if self._is_wanted(each)), None)
            if found is None:
                raise await self._not_there()
            if found.get("balancingAccountNumber"):
                raise NotOffered(
                    N_(
                        "The journal batch %(batch)s has the balancing account %(account)s, which would be put on every"
                        " line. Clear it, or choose another batch."
                    ),
                    field="journal_batch",
                    code="balancing_account",
                    batch=self.batch,
                    account=found["balancingAccountNumber"],
                )
            self._chosen = found
        return self._chosen

    async def _batches(self) -> list[Row]:
        return (await self._service.rows("/journals", filter=self._where(), select=_COLUMNS)).rows

    def _where(self) -> str:
        return equals("templateDisplayName", self.template) if self.template else ""

    def _is_wanted(self, row: Row) -> bool:
        template = str(row.get("templateDisplayName") or "")
        return row.get("code") == self.batch and (not self.template or template == self.template)

    async def default_template(self) -> str:
        """The template that Business Central takes where none is named; empty when it has no batch.

        Fidelity: known business_central §6.1 – the list without a filter shows the default template's batches
        """
        told = await self._service.rows("/journals", select=_COLUMNS, top=1)
        return str(told.rows[0].get("templateDisplayName") or "") if told.rows else ""

    async def _not_there(self) -> NotOffered:
        there = [str(each.get("code")) for each in await self._batches()]
        default = await self.default_template()
        if self.template and not there and default and default != self.template:
            return NotOffered(
                N_(
                    "Business Central shows no batch of the journal template %(template)s; it would use %(default)s,"
                    " which is the first by name. Make a batch there, or rename the template so that it comes first"
                    " (for example A%(template)s)."
                ),
                field="journal_template",
                code="template_trap",
                template=self.template,
                default=default,
            )
        return NotOffered(
            N_("There is no journal batch %(batch)s in the template %(template)s. There are: %(names)s."),
            field="journal_batch",
            code="no_batch",
            batch=self.batch or "–",
            template=self.template or default or "–",
            names=", ".join(there) or "–",
        )

    async def own_codes(self, codes: Sequence[str]) -> set[str]:
        """Which batches of these codes there are in the chosen batch's template."""
        template = str((await self.chosen()).get("templateDisplayName") or self.template)
        where = f"{equals('templateDisplayName', template)} and ({one_of('code', codes)})"
        told = await self._service.rows("/journals", filter=where, select="id,code")
        return {str(each["code"]) for each in told.rows}

    async def own(self, code: str, *, make: bool) -> Row | None:
        """A batch for one voucher alone, so that posting it posts nothing else. Made in the chosen batch's template."""
        template = str((await self.chosen()).get("templateDisplayName") or self.template)
        where = f"{equals('templateDisplayName', template)} and {equals('code', code)}"
        told = await self._service.rows("/journals", filter=where, select=_COLUMNS)
        if told.rows or not make:
            return told.rows[0] if told.rows else None
        body: dict[str, Any] = {"code": code, "displayName": "Kobling", "templateDisplayName": template}
        with aside():
            # An empty batch holds nothing of any voucher.
            made: Row = self._service.decoded(await self._service.send("POST", "/journals", body))
        if made.get("templateDisplayName") != template:
            await self.drop(made)
            raise NotOffered(
                N_("Business Central put the batch into the journal template %(found)s instead of %(template)s."),
                field="journal_template",
                code="template_trap",
                found=made.get("templateDisplayName"),
                template=template,
            )
        return made

    async def post(self, row: Row) -> None:
        """Post all lines of a batch. Raises Refused in Business Central's words."""
        await self._service.send("POST", f"/journals({row['id']})/Microsoft.NAV.post")

    async def drop(self, row: Row) -> None:
        """Delete a batch with what is in it; one that is gone is no loss."""
        try:
            await self._service.send("DELETE", f"/journals({row['id']})", If_Match="*")
        except Refused:
            return
