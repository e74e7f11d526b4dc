"""The kinds of documents, and what differs between them."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind: its sets, whom it is for, its date, and what becomes of it. `sign` is +1 where it raises a debt."""

    name: str
    lines: str
    party: str
    day: str
    type: str
    sign: int
    posted_series: str = ""
    first_status: str = "Draft"

    @property
    def is_sale(self) -> bool:
        """Whether customers are meant, not vendors."""
        return self.party == "customer"

    @property
    def parties(self) -> str:
        """The entity set of whom it is for."""
        return f"{self.party}s"

    @property
    def payer(self) -> str:
        """The prefix of properties about who pays."""
        return "billTo" if self.is_sale else "payTo"

    @property
    def place(self) -> str:
        """The prefix of properties about the address."""
        return "sellTo" if self.is_sale else "buyFrom"

    @property
    def price(self) -> str:
        """The price of a line."""
        return "unitPrice" if self.is_sale else ("directUnitCost" if self.name == "purchaseOrders" else "unitCost")

    @property
    def ledger(self) -> str:
        """The ledger of debts."""
        return "customerLedgerEntries" if self.is_sale else "vendorLedgerEntries"

    @property
    def line_type(self) -> str:
        """How dimension set lines call a line of this kind."""
        return f"{DOCUMENT_TYPES[self.name]}_x0020_Line"


DOCUMENT_TYPES = {
    "salesQuotes": "Sales_x0020_Quote",
    "salesOrders": "Sales_x0020_Order",
    "salesInvoices": "Sales_x0020_Invoice",
    "salesCreditMemos": "Sales_x0020_Credit_x0020_Memo",
    "purchaseOrders": "Purchase_x0020_Order",
    "purchaseInvoices": "Purchase_x0020_Invoice",
    "purchaseCreditMemos": "Purchase_x0020_Credit_x0020_Memo",
}
KINDS = {
    kind.name: kind
    for kind in (
        Kind("salesQuotes", "salesQuoteLines", "customer", "documentDate", "Quote", 1),
        Kind("salesOrders", "salesOrderLines", "customer", "orderDate", "Order", 1),
        Kind("salesInvoices", "salesInvoiceLines", "customer", "invoiceDate", "Invoice", 1, "postedSalesInvoices"),
        Kind(
            "salesCreditMemos",
            "salesCreditMemoLines",
            "customer",
            "creditMemoDate",
            "Credit_x0020_Memo",
            -1,
            "postedSalesCreditMemos",
        ),
        Kind("purchaseOrders", "purchaseOrderLines", "vendor", "orderDate", "Order", -1),
        Kind(
            "purchaseInvoices", "purchaseInvoiceLines", "vendor", "invoiceDate", "Invoice", -1, "postedPurchaseInvoices"
        ),
        Kind(
            "purchaseCreditMemos",
            "purchaseCreditMemoLines",
            "vendor",
            "creditMemoDate",
            "Credit_x0020_Memo",
            1,
            "postedPurchaseCreditMemos",
        ),
    )
}
BY_LINES = {kind.lines: kind for kind in KINDS.values()}
