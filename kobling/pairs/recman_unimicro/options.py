"""The options of this pair."""

from __future__ import annotations

from kobling.pairs.base import Option
from kobling.pairs.common_options import SYNCHRONISE
from kobling.pairs.recman_unimicro.billing import rates
from kobling.pairs.recman_unimicro.numbers import customer_number
from kobling.records import N_, parse_day

DRAFT, ISSUED = "draft", "issued"

OPTIONS = (
    SYNCHRONISE,
    Option(
        "invoices_from",
        N_("Invoices from"),
        "",
        help=N_("A date (YYYY-MM-DD): older invoices stay where they are. Empty when the pair is made: that day."),
        reads=parse_day,
    ),
    Option(
        "departments",
        N_("Departments"),
        "",
        help=N_("Ids of the departments that have access, with commas; empty: all that the key reaches."),
    ),
    Option(
        "invoices_as",
        N_("Invoices arrive as"),
        DRAFT,
        (DRAFT, ISSUED),
        N_("draft: a bookkeeper issues them in Unimicro; issued: each is issued once its totals were compared."),
    ),
    Option(
        "customer_numbers",
        N_("Customer numbers in Unimicro"),
        "same",
        help=N_(
            "same: as in RecMan; +100000: that much higher; 17=100017, 18=100203: one by one, the rest as RecMan's."
        ),
        reads=customer_number,
    ),
    Option(
        "vat_codes",
        N_("VAT codes"),
        "",
        help=N_("Which VAT code of Unimicro a rate means where the product does not tell: 25=3, 15=31, 0=6."),
        reads=rates,
    ),
    Option("projects", N_("Projects"), "transfer", ("transfer", "leave")),
    Option("language", N_("Language"), "nb", ("nb", "da", "sv", "en")),
)
