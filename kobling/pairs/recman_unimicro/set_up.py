"""The steps of the assisted set-up; each can also be done by plain commands (connect, pair create, pair set)."""

from __future__ import annotations

from kobling.mapping import Side
from kobling.pairs.base import CSV, FULL, SetUpStep, StepKind
from kobling.records import N_

STEPS = (
    SetUpStep(
        "activation",
        N_("Switch it on"),
        N_(
            "An administrator agrees to the price, chooses full integration or files (csv), and the departments that "
            "get access."
        ),
        StepKind.ACTIVATE,
    ),
    SetUpStep(
        "recman",
        N_("Connect RecMan"),
        N_("A system administrator of RecMan makes the key, for the departments that are to have access."),
        StepKind.CONNECT,
        Side.LEFT,
    ),
    SetUpStep(
        "unimicro",
        N_("Sign in to Unimicro"),
        N_(
            "You are sent to Unimicro's own page: sign in, choose the company and accept the rights. Then you come "
            "back here. An application with a certificate needs nobody to sign in."
        ),
        StepKind.CONNECT,
        Side.RIGHT,
        modes=(FULL,),
    ),
    SetUpStep(
        "choices",
        N_("What is transferred"),
        N_("Invoices arrive as drafts unless you choose otherwise; older ones stay where they are."),
        StepKind.OPTIONS,
        modes=(FULL,),
        names=("departments", "invoices_from", "invoices_as", "projects", "customer_numbers", "vat_codes", "language"),
    ),
    SetUpStep(
        "numbers",
        N_("Customer numbers"),
        N_(
            "Customer numbers must agree in both systems before the first transfer. Compare them and settle "
            "every difference; afterwards make new customers in RecMan alone."
        ),
        StepKind.CONFIRM,
        optional=True,
        modes=(FULL,),
    ),
    SetUpStep(
        "sync",
        N_("First synchronisation"),
        N_("Look at the plan first, then start it: customers, projects, then invoices."),
        StepKind.SYNC,
        modes=(FULL,),
    ),
    SetUpStep(
        "file",
        N_("First file"),
        N_("Look at what the file would hold, make it, and take it to Unimicro."),
        StepKind.CONFIRM,
        modes=(CSV,),
    ),
)
