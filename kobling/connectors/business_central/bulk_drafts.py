"""Many drafts at once: looked up, made, given their files and read back in as few requests as the contract allows.

Fidelity: known business_central §6 – at most 100 parts in a batch; together one failure undoes all of them
Fidelity: known business_central §6.1 – an attachment is made by name, then its content is sent by itself
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from kobling.connectors.business_central import attachments
from kobling.connectors.business_central.drafts import Drafts
from kobling.records import N_, KoblingError, Record, Refused, Unreachable
from kobling.sdk.http import Answer
from kobling.sdk.odata.batch import Part
from kobling.sdk.odata.query import one_of
from kobling.sdk.odata.service import Row, SendBatch
from kobling.sdk.outcomes import Confirmed, Declined, Outcome, Unknown, ended, sending
from kobling.sdk.protocols import Operation, Report, Write
from kobling.sdk.writing import send_all

_PARTS, _VOUCHERS, _AT_ONCE = 100, 100, 4


@dataclass(slots=True)
class _Paper:
    """A file of a voucher's line: the attachment that is to get it."""

    file: Mapping[str, object]
    row: Row


@dataclass(slots=True)
class _Draft:
    """A voucher that is being made: its lines, and the papers that wait for their content."""

    write: Write
    parts: list[Part]
    rows: list[Row] = field(default_factory=list)
    papers: list[_Paper] = field(default_factory=list)
    error: KoblingError | None = None
    taken_back: bool = False

    @property
    def number(self) -> str:
        return str(self.write.fields["documentNumber"])


def is_draft(write: Write) -> bool:
    """Whether this write makes a draft among others in the chosen batch."""
    return write.operation is Operation.CREATE and not write.fields.get("own_journal")


class BulkDrafts:
    """Makes drafts in groups. A group whose lines were refused is made one voucher at a time, to find the bad one."""

    def __init__(self, drafts: Drafts, each: SendBatch, together: SendBatch) -> None:
        self._drafts = drafts
        self._each = each
        self._together = together

    async def write(self, writes: Sequence[Write], report: Report) -> list[Write]:
        """Make the drafts; gives back those that have to be written one by one. Raises as ``Resource.write`` does."""
        left: list[Write] = []
        journal = await self._drafts.journals.chosen() if writes else {}
        for group in self._groups(journal, writes):
            taken = await self._taken([each.number for each in group])
            left += [each.write for each in group if each.number in taken]
            free = [each for each in group if each.number not in taken]
            if free and not await self._make(free, report):
                left += [each.write for each in free]
        return left

    def _groups(self, journal: Row, writes: Sequence[Write]) -> Iterator[list[_Draft]]:
        group: list[_Draft] = []
        for write in writes:
            lines = write.fields["lines"]
            made = _Draft(write, [self._drafts.part(journal, write.fields, line) for line in lines])
            parts = sum(len(each.parts) for each in group) + len(made.parts)
            if group and (parts > _PARTS or len(group) == _VOUCHERS):
                yield group
                group = []
            group.append(made)
        if group:
            yield group

    async def _taken(self, numbers: Sequence[str]) -> set[str]:
        """Numbers that are somewhere already: among the drafts, in a batch of their own, or in the ledger."""
        known = {str(row["documentNumber"]) for row in await self._drafts.lines_of(numbers)}
        ledger = await self._drafts.service.rows(
            "/generalLedgerEntries", filter=one_of("documentNumber", numbers), select="documentNumber"
        )
        known |= {str(row["documentNumber"]) for row in ledger.rows}
        return known | await self._drafts.in_own_batches(numbers)

    async def _make(self, group: Sequence[_Draft], report: Report) -> bool:
        """Whether the group was sent; False when its lines were refused together and nothing of it is there."""
        if sum(len(each.parts) for each in group) > _PARTS:
            return False
        with sending() as sent:
            try:
                answers = await self._together([part for each in group for part in each.parts])
            except Refused:
                return False
            except KoblingError as error:
                for each in group:
                    report(ended(each.write.key, None, error, sent))
                if sent.touched:
                    return True
                raise
        if any(answer is not None and answer.status >= 300 for answer in answers):
            return False
        if any(answer is None for answer in answers):
            self._report(group, report, self._cut_off())
            return True
        await self._finish(group, answers, report)
        return True

    async def _finish(self, group: Sequence[_Draft], answers: Sequence[Answer | None], report: Report) -> None:
        """Papers, then one look at all of them. What stops half-way is unknown, and looked up by its number."""
        told = iter(answers)
        for each in group:
            each.rows = [
                self._drafts.service.decoded(answer) for _, answer in zip(each.parts, told, strict=False) if answer
            ]
        try:
            await self._name_papers(group)
            await self._fill_papers(group)
        except KoblingError as error:
            self._report(group, report, error)
            return
        found = await self._read_back([each.number for each in group if each.error is None])
        for each in group:
            report(_ended(each) or Confirmed(each.write.key, each.number, found.get(each.number)))

    async def _read_back(self, numbers: Sequence[str]) -> dict[str, Record]:
        """They are made all the same where they cannot be read now."""
        try:
            return await self._drafts.of(numbers)
        except KoblingError:
            return {}

    async def _name_papers(self, group: Sequence[_Draft]) -> None:
        wanted = [
            (each, row, file) for each in group for file in each.write.fields.get("files") or () for row in each.rows
        ]
        for at in range(0, len(wanted), _PARTS):
            some = wanted[at : at + _PARTS]
            parts = [attachments.naming(str(row["id"]), "Journal", str(file["name"])) for _, row, file in some]
            for part, (each, _, file), answer in zip(parts, some, await self._each(parts), strict=True):
                if answer is None:
                    raise self._cut_off()
                if answer.status >= 300:
                    each.error = self._drafts.service.error(part, answer)
                else:
                    each.papers.append(_Paper(file, self._drafts.service.decoded(answer)))

    async def _fill_papers(self, group: Sequence[_Draft]) -> None:
        by_key = {each.write.key: each for each in group}

        async def fill(write: Write) -> Outcome:
            each = by_key[write.key]
            if each.error is None:
                await self._fill_one(each)
            return Confirmed(write.key, each.number)

        def keep(outcome: Outcome) -> None:
            by_key[outcome.key].error = by_key[outcome.key].error or outcome.error

        await send_all([each.write for each in group], fill, keep, concurrency=_AT_ONCE)
        for each in group:
            if isinstance(each.error, Refused):
                # A voucher without its files must not stay: it could be posted by anyone.
                await self._drafts.take_back(await self._drafts.journals.chosen(), each.number, own=False)
                each.taken_back = True

    async def _fill_one(self, each: _Draft) -> None:
        """Each file is loaded once, for all the lines that it hangs on."""
        for file in each.write.fields.get("files") or ():
            waiting = [paper.row for paper in each.papers if paper.file is file]
            assert each.write.load is not None, "a write with files comes with a way to load them"
            content = await each.write.load(file)
            for row in waiting:
                await attachments.fill(self._drafts.service, row, content)

    def _cut_off(self) -> KoblingError:
        return Unreachable(N_("%(vendor)s did not answer to the end."), vendor=self._drafts.service.api.vendor)

    def _report(self, group: Sequence[_Draft], report: Report, error: KoblingError) -> None:
        """The lines of these are there, or may be; those that were taken back are not."""
        for each in group:
            report(_ended(each) or Unknown(each.write.key, each.number, error))


def _ended(each: _Draft) -> Outcome | None:
    """How a draft ended that did not get its papers; None for one that did."""
    if each.error is None:
        return None
    kind = Declined if each.taken_back else Unknown
    return kind(each.write.key, each.number if kind is Unknown else None, each.error)
