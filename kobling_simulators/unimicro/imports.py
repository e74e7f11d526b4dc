"""Import jobs: Uni Standard files of customers, products and orders."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Any
from urllib.parse import parse_qs, urlsplit

from kobling_simulators.unimicro.books import Books
from kobling_simulators.unimicro.errors import ApiError
from kobling_simulators.unimicro.facts import entities
from kobling_simulators.unimicro.graphs import Batch
from kobling_simulators.unimicro.masterdata import value_or
from kobling_simulators.unimicro.orders import add_order
from kobling_simulators.unimicro.rules import RULES
from kobling_simulators.unimicro.table import Row

_JOBS = {"CustomerImportJob": ("30",), "ProductImportJob": ("70",), "OrderImportJob": ("30", "80", "81")}
_OTHER_JOBS = frozenset(
    {"SupplierImportJob", "MainLedgerImportJob", "PayrollmportJob", "ImportSaft", "VoucherImportJob"}
)
_FORMATS = {
    "ddMMyy": "%d%m%y",
    "dd.MM.yyyy": "%d.%m.%Y",
    "dd/MM/yyyy": "%d/%m/%Y",
    "MM.dd.yyyy": "%m.%d.%Y",
    "MM/dd/yyyy": "%m/%d/%Y",
}
_MOST = 1_000_000
_SKIP, _OVERRIDE = 0, 1
_FIELDS = frozenset(
    {"CompanyKey", "CompanyName", "Url", "ImportFileType", "ImportOption", "DateFormat", "OtherParams", "UserIdentity"}
)


class Import:
    """One job over one file.

    Fidelity: known unimicro §9 – POST jobs?job=… with CompanyKey, CompanyName, Url, ImportFileType, ImportOption,
        DateFormat, OtherParams; record types 30, 70, 80 and 81; columns of 30
    Fidelity: assumed unimicro §9 – columns of 80 and 81; the file is Windows-1252 with commas and no quotes
    Fidelity: assumed unimicro §9 – OrderImportJob reads 30, 80 and 81 and makes an order numbered as the invoice
    Fidelity: assumed unimicro §9 – the answer is the job's id as a JSON text; GET jobs/{id} tells {ID, Job, Status,
        Log}
    """

    def __init__(self, books: Books, job: str, body: Any) -> None:
        if job not in _JOBS and job not in _OTHER_JOBS:
            raise ApiError(f"Unknown job '{job}'")
        if not isinstance(body, dict) or not set(body) <= _FIELDS:
            raise ApiError("The job must be an object of the known properties")
        if body.get("CompanyKey") != books.key:
            raise ApiError("CompanyKey is not the one of the request")
        self._books = books
        self._job = job
        self._kind = body.get("ImportFileType")
        self._option = body.get("ImportOption", _SKIP)
        self._format = _FORMATS.get(str(body.get("DateFormat") or "dd.MM.yyyy"), "")
        other = body.get("OtherParams")
        self._draft = bool(other.get("isDraft")) if isinstance(other, dict) else False
        if self._kind not in (0, 1, 2) or self._option not in (0, 1, 2) or not self._format:
            raise ApiError("ImportFileType, ImportOption or DateFormat is unknown")
        self._content = self._file(str(body.get("Url") or ""))
        self._log: list[Row] = []

    def _file(self, url: str) -> bytes:
        reference = parse_qs(urlsplit(url).query).get("id", [""])[0]
        if reference not in self._books.files:
            raise ApiError(f"There is no file at '{url}'")
        return self._books.files[reference]

    def run(self) -> str:
        """Do it at once; gives the job's id."""
        key = self._books.new_guid()
        told: Row = {"ID": key, "Job": self._job, "Status": "Finished", "Log": self._log}
        self._books.jobs[key] = told
        if self._kind != 1 or self._job not in _JOBS:
            told["Status"] = "Failed"
            self._note(0, "Error", "This kind of import is not simulated")
            return key
        head: tuple[int, list[str]] | None = None
        lines: list[tuple[int, list[str]]] = []
        for number, text in enumerate(self._content.decode("cp1252", "replace").splitlines(), start=1):
            columns = [part.strip() for part in text.split(",")]
            if columns[0] == "81" and head is not None:
                lines.append((number, columns))
                continue
            self._order(head, lines)
            head, lines = None, []
            if columns[0] == "80" and "80" in _JOBS[self._job]:
                head = (number, columns)
            elif columns != [""]:
                self._single(number, columns)
        self._order(head, lines)
        return key

    def _note(self, line: int, level: str, message: str) -> None:
        self._log.append({"Line": line, "Level": level, "Message": message})

    def _single(self, number: int, columns: list[str]) -> None:
        if columns[0] not in _JOBS[self._job] or columns[0] not in ("30", "70"):
            self._note(number, "Error", f"Record type '{columns[0]}' is not expected here")
            return
        try:
            (self._customer if columns[0] == "30" else self._product)(number, columns)
        except (ApiError, ValueError, InvalidOperation, IndexError) as error:
            self._note(number, "Error", str(error) or "The line cannot be read")

    def _customer(self, number: int, columns: list[str]) -> None:
        found = dict(enumerate([*columns, *[""] * 23], start=1))
        info: Row = {"Name": found[3]}
        if found[4]:
            place = {"AddressLine1": found[4], "AddressLine2": found[5], "PostalCode": found[6], "City": found[7]}
            info["InvoiceAddress"] = {**place, "CountryCode": found[21], "Country": found[22]}
        if found[14]:
            info["DefaultPhone"] = {"Number": found[14], "Type": 150101}
        graph: Row = {"CustomerNumber": int(found[2]) if found[2] else None, "OrgNumber": found[20], "Info": info}
        if found[10]:
            graph["CreditDays"] = int(found[10])
        row = self._books.tables["Customer"].first("CustomerNumber", graph["CustomerNumber"]) if found[2] else None
        self._write("Customer", number, graph, row, "CustomerNumber")

    def _product(self, number: int, columns: list[str]) -> None:
        found = dict(enumerate([*columns, *[""] * 15], start=1))
        graph: Row = {"PartName": found[2], "Name": found[3], "Unit": found[4]}
        for place, name in ((10, "PriceExVat"), (11, "CostPrice")):
            if found[place]:
                graph[name] = Decimal(found[place])
        self._write("Product", number, graph, self._books.tables["Product"].first("PartName", found[2]), "PartName")

    def _write(self, entity: str, number: int, graph: Row, row: Row | None, identity: str) -> None:
        kept = {name: value for name, value in graph.items() if value not in ("", None)}
        if row is not None and self._option == _SKIP:
            self._note(number, "Info", f"{graph[identity]} is there already and was skipped")
            return
        if row is not None and self._option != _OVERRIDE:
            kept.pop(identity)
            row = None
        Batch(self._books, person=True).write(entities()[entity], kept, row, RULES)
        self._note(number, "Info", f"{graph[identity] or graph.get('Name')} was imported")

    def _order(self, head: tuple[int, list[str]] | None, lines: list[tuple[int, list[str]]]) -> None:
        if head is None:
            return
        number, columns = head
        try:
            found = dict(enumerate([*columns, *[""] * 11], start=1))
            customer = self._books.tables["Customer"].first("CustomerNumber", int(found[3]))
            if customer is None:
                raise ApiError(f"There is no customer {found[3]}")
            if self._books.tables["CustomerOrder"].first("OrderNumber", int(found[2])) is not None:
                self._note(number, "Info", f"{found[2]} is there already and was skipped")
                return
            info = self._books.get("BusinessRelation", customer.get("BusinessRelationID"))
            order: Row = {
                "OrderNumber": int(found[2]),
                "CustomerID": customer["ID"],
                "CustomerName": value_or(info, "Name"),
                "OrderDate": _day(found[4], self._format),
                "OurReference": found[6] or None,
                "YourReference": found[7] or None,
                "CurrencyCodeID": self._books.own()["BaseCurrencyCodeID"],
            }
            items = [self._item(line) for _, line in lines]
            if not items:
                raise ApiError("The order has no lines")
            add_order(self._books, order, items, draft=self._draft)
            self._note(number, "Info", f"{found[2]} was imported")
        except (ApiError, ValueError, InvalidOperation) as error:
            self._note(number, "Error", str(error) or "The order cannot be read")

    def _item(self, columns: list[str]) -> Row:
        found = dict(enumerate([*columns, *[""] * 10], start=1))
        product = self._books.tables["Product"].first("PartName", found[2]) if found[2] else None
        if found[2] and product is None:
            raise ApiError(f"There is no product {found[2]}")
        kind = self._books.tables["VatType"].first("VatCode", found[7]) if found[7] else None
        kind = kind or self._books.get("VatType", value_or(product, "VatTypeID"))
        if kind is None:
            raise ApiError("The line has no VAT code")
        return {
            "ProductID": value_or(product, "ID"),
            "ItemText": found[3] or value_or(product, "Name"),
            "NumberOfItems": _number(found[4]),
            "PriceExVat": _number(found[5]),
            "DiscountPercent": _number(found[6] or "0"),
            "VatTypeID": kind["ID"],
            "VatPercent": kind["VatPercent"],
        }


def _number(text: str) -> Decimal:
    number = Decimal(text)
    if not abs(number) < _MOST:
        raise ApiError(f"'{text}' is too large")
    return number


def _day(text: str, pattern: str) -> str:
    return datetime.strptime(text, pattern).replace(tzinfo=UTC).date().isoformat()
