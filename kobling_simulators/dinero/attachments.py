"""Files that are attached to a document, and reports of an accounting year."""

from __future__ import annotations

from collections import defaultdict
from decimal import Decimal
from typing import Any

from kobling_simulators.dinero.archive import Files
from kobling_simulators.dinero.books import Books
from kobling_simulators.dinero.errors import NO_ACCOUNTING_YEAR, bad_request, not_found
from kobling_simulators.wire import Call

_RESULT_BELOW = 10_000


class Attachments:
    """/files/attachment and /attachments/{documentGuid}[/{fileGuid}[/{fileName}]].

    Fidelity: known dinero §4 – the paths; what is uploaded for attaching is not in the archive
    Fidelity: assumed dinero §4 – the list is an array of {FileGuid, FileName}; a document is an invoice or credit note
    """

    def __init__(self, books: Books, files: Files) -> None:
        self._books = books
        self._files = files

    def upload(self, call: Call) -> Any:
        """POST multipart: answers {FileGuid}."""
        told: dict[str, str] = self._files.upload(call)
        self._books.loose[told["FileGuid"]] = self._books.files.pop(told["FileGuid"])
        return told

    def list(self, call: Call, document: str) -> Any:
        """GET the attachments of a document."""
        return [{"FileGuid": guid, "FileName": name} for guid, name in self._of(document).items()]

    def attach(self, call: Call, document: str, file: str, name: str = "") -> Any:
        """POST: attach an uploaded file, under a name of its own when one is given."""
        stored = self._books.loose.get(file.lower()) or self._books.files.get(file.lower())
        if stored is None:
            raise not_found("The file")
        self._of(document)[stored.guid] = name or stored.name

    def detach(self, call: Call, document: str, file: str) -> Any:
        """DELETE."""
        if self._of(document).pop(file.lower(), None) is None:
            raise not_found("The attachment")

    def _of(self, document: str) -> dict[str, str]:
        for shelf in self._books.vouchers.values():
            item = shelf.by_guid.get(document.lower())
            if item is not None and item.deleted is None:
                found: dict[str, str] = item.extra.setdefault("Attachments", {})
                return found
        raise not_found("The document")


class Reports:
    """/{accountingYear}/reports/….

    Fidelity: known dinero §4 – saldo, result, balance and primo of an accounting year, by its name
    Fidelity: assumed dinero §4 – lines are {AccountNumber, AccountName, Amount}; the result is accounts below 10000
    """

    def __init__(self, books: Books) -> None:
        self._books = books

    def saldo(self, call: Call, year: str) -> Any:
        """GET saldo: every account."""
        return self._lines(call, year, lambda number: True)

    def result(self, call: Call, year: str) -> Any:
        """GET result: what was earned and spent."""
        return self._lines(call, year, lambda number: number < _RESULT_BELOW)

    def balance(self, call: Call, year: str) -> Any:
        """GET balance: what is owned and owed."""
        return self._lines(call, year, lambda number: number >= _RESULT_BELOW)

    def primo(self, call: Call, year: str) -> Any:
        """GET primo: nothing, as the first year began with empty books."""
        return self._lines(call, year, lambda number: False)

    def _lines(self, call: Call, name: str, wanted: Any) -> list[dict[str, Any]]:
        year = next((one for one in self._books.years if one.name == name), None)
        if year is None:
            raise bad_request(f"There is no accounting year {name}", NO_ACCOUNTING_YEAR)
        sums: dict[int, Decimal] = defaultdict(Decimal)
        for entry in self._books.entries:
            if year.start <= entry.day <= year.end:
                sums[entry.account] += entry.amount
        zeros = call.query.get("showZeroAccount", "false").lower() == "true"
        numbers = sorted({*sums, *(self._books.accounts if zeros else ())})
        return [
            {"AccountNumber": number, "AccountName": self._books.account_name(number), "Amount": sums[number]}
            for number in numbers
            if wanted(number) and (zeros or sums[number])
        ]
