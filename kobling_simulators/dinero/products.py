"""Products: no VAT field, the VAT follows the account."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from kobling_simulators.dinero.books import SALES_ACCOUNTS, Books
from kobling_simulators.dinero.errors import invalid, not_found
from kobling_simulators.dinero.facts import vat_rates
from kobling_simulators.dinero.listing import Listable, page_of, wanted
from kobling_simulators.dinero.schema import model, read_body
from kobling_simulators.dinero.shelf import Item, iso
from kobling_simulators.wire import Call

_WRITABLE = tuple(model("ProductWrite"))
_COMPUTED = (
    "ProductGuid",
    "BaseAmountValueInclVat",
    "TotalAmount",
    "TotalAmountInclVat",
    "CreatedAt",
    "UpdatedAt",
    "DeletedAt",
)
CENT = Decimal("0.01")


class Products:
    """The product endpoints.

    Fidelity: known dinero §4 – price excl. VAT, 18 fixed units, Comment at most 128; no caller-chosen guid
    Fidelity: assumed dinero §4 – AccountNumber must be a sales account that is not hidden
    """

    def __init__(self, books: Books) -> None:
        self._books = books
        self._listable = Listable(
            fields={name.lower(): name for name in (*_COMPUTED, *_WRITABLE)},
            default="name,productGuid",
            filters=frozenset({"Name", "ProductNumber", "ExternalReference"}),
            read=self._read_property,
        )

    def list(self, call: Call) -> Any:
        """GET products; freeTextSearch looks into name and number."""
        page = wanted(call.query, self._listable)
        text = call.query.get("freeTextSearch", "").lower()
        only = (lambda item: self._mentions(item, text)) if text else None
        return page_of(self._books.products, page, self._listable, only=only)

    def get(self, call: Call, guid: str) -> Any:
        """GET one."""
        return self.shown(self.find(guid))

    def shown(self, item: Item) -> dict[str, Any]:
        """The whole product."""
        return {name: self._read_property(item, name) for name in (*_COMPUTED, *_WRITABLE)}

    def create(self, call: Call) -> Any:
        """POST: answers {ProductGuid}."""
        item = self.add(self._read(call))
        return {"ProductGuid": item.guid}

    def add(self, body: dict[str, Any], *, check: bool = True) -> Item:
        """Put a body on the shelf."""
        if check:
            self._check(body)
        return self._books.products.add(self._books.new_guid(), body, self._books.now())

    def replace(self, call: Call, guid: str) -> Any:
        """PUT: replaces every field; 200 with an empty body."""
        item = self.find(guid)
        if item.deleted is not None:
            raise not_found("The product")
        self.put(item, self._read(call))
        return None

    def put(self, item: Item, body: dict[str, Any]) -> None:
        """Replace the fields of a product by a checked body."""
        self._check(body)
        self._books.products.change(item, body, self._books.now())

    def delete(self, call: Call, guid: str) -> Any:
        """DELETE: 200; the row stays with DeletedAt."""
        item = self.find(guid)
        if item.deleted is not None:
            raise not_found("The product")
        self._books.products.delete(item, self._books.now())
        return None

    def find(self, guid: str) -> Item:
        """A product, deleted or not. Raises ApiError."""
        item = self._books.products.by_guid.get(guid.lower())
        if item is None:
            raise not_found("The product")
        return item

    def _read(self, call: Call) -> dict[str, Any]:
        return read_body(call.body, "ProductWrite", strict=self._books.settings.strict_bodies)

    def _check(self, body: dict[str, Any]) -> None:
        account = self._books.accounts.get(body["AccountNumber"])
        if account is None or account.hidden or account.number not in SALES_ACCOUNTS:
            raise invalid(AccountNumber="Is not an open sales account")

    def _mentions(self, item: Item, text: str) -> bool:
        return any(text in str(item.values[name] or "").lower() for name in ("Name", "ProductNumber"))

    def _read_property(self, item: Item, name: str) -> Any:
        if name == "ProductGuid":
            return item.guid
        if name in ("CreatedAt", "UpdatedAt", "DeletedAt"):
            return iso({"C": item.created, "U": item.updated, "D": item.deleted}[name[0]])
        if name not in _COMPUTED:
            return item.values.get(name)
        account = self._books.accounts.get(item.values["AccountNumber"])
        rate = vat_rates().get(account.vat_code, Decimal(0)) if account else Decimal(0)
        amount = item.values["BaseAmountValue"]
        if name.startswith("Total"):
            amount *= item.values["Quantity"]
        if name.endswith("InclVat"):
            amount *= 1 + rate
        return amount.quantize(CENT, ROUND_HALF_UP)
