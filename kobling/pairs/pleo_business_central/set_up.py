"""The steps of the assisted set-up; each can also be done by plain commands (connect, pair create, pair set)."""

from __future__ import annotations

from kobling.mapping import Side
from kobling.pairs.base import SetUpStep, StepKind
from kobling.records import N_

STEPS = (
    SetUpStep(
        "prerequisites",
        N_("What you need"),
        N_(
            "Business Central that Microsoft hosts; a G/L account with direct posting as the contra account of card "
            "purchases, and others for out-of-pocket expenses and reimbursements where you want them apart; a general "
            "journal batch without a balancing account of its own. An API key from Pleo, or an administrator of Pleo."
        ),
        StepKind.CONFIRM,
    ),
    SetUpStep(
        "pleo",
        N_("Connect Pleo"),
        N_("Enter the API key, or sign in on Pleo's own page; the connection is tested at once."),
        StepKind.CONNECT,
        Side.LEFT,
    ),
    SetUpStep(
        "business_central",
        N_("Connect Business Central"),
        N_(
            "Name the journal template and the batch that expenses go to. Business Central itself would take the first "
            "template by name; Kobling asks for yours by its name, and says what to rename where that is not enough."
        ),
        StepKind.CONNECT,
        Side.RIGHT,
    ),
    SetUpStep(
        "journal",
        N_("Journal"),
        N_("Looked for at once: where it is not there, you are told which batches are, or which template to rename."),
        StepKind.SETTINGS,
        Side.RIGHT,
        names=("journal_template", "journal_batch"),
        optional=True,
    ),
    SetUpStep(
        "accounts",
        N_("Contra accounts"),
        N_("They are checked before each run: G/L accounts that are open and take direct posting."),
        StepKind.OPTIONS,
        names=("contra_card", "contra_pocket", "contra_reimbursement", "transfers_account", "base_currency"),
    ),
    SetUpStep(
        "booking",
        N_("How expenses are booked"),
        N_("Begin with drafts; let vouchers be posted when you have seen a few exports arrive as they should."),
        StepKind.OPTIONS,
        names=("posting", "description", "missing_receipts", "locked_period", "time_zone", "language"),
        optional=True,
    ),
    SetUpStep(
        "catalogue",
        N_("What Pleo chooses from"),
        N_("Names of categories, rates of VAT codes, and which tables are kept."),
        StepKind.OPTIONS,
        names=("category_names", "vat_rates", "tables"),
        optional=True,
    ),
    SetUpStep(
        "sync",
        N_("First synchronisation"),
        N_("Look at the plan first, then start it: accounts, dimensions and VAT codes go to Pleo."),
        StepKind.SYNC,
    ),
)
