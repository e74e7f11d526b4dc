"""The options of this pair."""

from __future__ import annotations

from kobling.mapping import Side
from kobling.pairs.base import Named, Option
from kobling.pairs.common_options import SYNCHRONISE, a_currency, a_time_zone
from kobling.pairs.pleo_business_central.booking import known_words
from kobling.pairs.pleo_business_central.catalogue import rates_of
from kobling.pairs.pleo_business_central.checks import needed_dimensions
from kobling.records import N_

DRAFT, POSTED = "draft", "posted"
ACCOUNT = Named(Side.RIGHT, "accounts", "number")

OPTIONS = (
    SYNCHRONISE,
    Option(
        "base_currency",
        N_("The company's own currency"),
        "DKK",
        help=N_("Journal lines carry no currency, so that the wallet's currency must be this one."),
        reads=a_currency,
    ),
    Option(
        "posting",
        N_("Expenses arrive as"),
        DRAFT,
        (DRAFT, POSTED),
        N_("draft: lines in the journal batch that a bookkeeper posts; posted: each voucher is posted by itself."),
    ),
    Option(
        "contra_card",
        N_("Contra account of card purchases"),
        "",
        help=N_("A G/L account with direct posting."),
        names=ACCOUNT,
    ),
    Option(
        "contra_pocket",
        N_("Contra account of out-of-pocket expenses"),
        "",
        help=N_("What the company owes its people; empty: the contra account of card purchases."),
        names=ACCOUNT,
    ),
    Option(
        "contra_reimbursement",
        N_("Contra account of reimbursements"),
        "",
        help=N_("What reimbursements are paid from; empty: the contra account of card purchases."),
        names=ACCOUNT,
    ),
    Option(
        "transfers_account",
        N_("Account of transfers to and from the wallet"),
        "",
        help=N_("A G/L account with direct posting between the bank and Pleo."),
        names=ACCOUNT,
    ),
    Option(
        "description",
        N_("Text of the lines"),
        "{supplier} - {employee} - {note}",
        help=N_("Known: {supplier}, {employee}, {employee_code}, {note}, {type}, {reference}, {team}."),
        reads=known_words,
    ),
    Option(
        "missing_receipts",
        N_("Expenses without a receipt"),
        "hold",
        ("hold", "send"),
        N_("hold: they wait until a receipt is there; send: they are booked without."),
    ),
    Option(
        "locked_period",
        N_("Expenses of a closed period"),
        "hold",
        ("hold", "next_open", "draft"),
        N_("hold: they wait; next_open: booked on the first open day; draft: their own date, as a draft."),
    ),
    Option(
        "category_names",
        N_("Names of categories"),
        "follow",
        ("follow", "own"),
        N_("follow: as the accounts are called; own: the names that people gave them in Pleo are kept."),
    ),
    Option(
        "vat_rates",
        N_("Rates of VAT codes"),
        "",
        help=N_("Where a code's name does not tell its rate: CODE=25, CODE=0, …"),
        reads=rates_of,
    ),
    Option(
        "needed_dimensions",
        N_("Dimensions that accounts need"),
        "",
        help=N_("Expenses without them wait: 4010=AFDELING PROJEKT, *=AFDELING. Business Central's API does not tell."),
        reads=needed_dimensions,
    ),
    Option(
        "time_zone",
        N_("Time zone"),
        "Europe/Copenhagen",
        help=N_("It decides which day an expense belongs to."),
        reads=a_time_zone,
    ),
    Option("language", N_("Language of what Pleo is told"), "da", ("da", "sv", "nb", "en")),
)
