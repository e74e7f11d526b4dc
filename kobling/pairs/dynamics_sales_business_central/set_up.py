"""The steps of the assisted set-up; each can also be done by plain commands (connect, pair set)."""

from __future__ import annotations

from kobling.mapping import Side
from kobling.pairs.base import SetUpStep, StepKind
from kobling.records import N_
from kobling.sdk.protocols import Setting

STEPS = (
    SetUpStep(
        "prerequisites",
        N_("What you need"),
        N_(
            "A dedicated user or app for the synchronisation in both systems: a Dynamics 365 user or app (the next "
            "step gives it its security role), and a Business Central user or app with permission sets (not SUPER). "
            "An administrator of Dynamics 365 (System Administrator and System Customizer) is needed once, for the "
            "step “prepare”, and is never stored. Both systems must have the same base currency."
        ),
        StepKind.CONFIRM,
    ),
    SetUpStep(
        "prepare",
        N_("Prepare Dynamics 365 Sales"),
        N_(
            "An administrator signs in for this step alone: used once, never stored. It gives the synchronisation "
            "user a security role that allows what is needed (so that it needs none before), makes the price list "
            "that products need to be active, and checks that every table can be reached. Leave it out when all that "
            "is done by hand."
        ),
        StepKind.PREPARE,
        Side.LEFT,
        names=("base_url", "sign_in", "tenant", "client_id", "client_secret", "authority"),
        optional=True,
        more=(
            Setting(
                "synchronisation_user",
                N_("Synchronisation user"),
                N_("The client id of the app, or the e-mail address of the person, that Kobling will sign in as."),
                required=False,
            ),
        ),
    ),
    SetUpStep(
        "sales",
        N_("Connect Dynamics 365 Sales"),
        N_("Sign in as the dedicated synchronisation user or app; the connection is tested at once."),
        StepKind.CONNECT,
        Side.LEFT,
    ),
    SetUpStep(
        "business_central",
        N_("Connect Business Central"),
        N_(
            "Enter the address in your browser: Kobling sees whether Microsoft hosts it. Resources, price groups and "
            "prices are not in its standard API; say here whether your partner published them as an API page or as "
            "web services."
        ),
        StepKind.CONNECT,
        Side.RIGHT,
    ),
    SetUpStep(
        "data",
        N_("Choose the data"),
        N_("Which records, whose values count, and what happens when both sides changed the same field."),
        StepKind.OPTIONS,
        names=(
            "coupled_only",
            "first",
            "conflict",
            "choices",
            "ownership",
            "base_currency",
            "country_language",
            "tables",
        ),
    ),
    SetUpStep(
        "orders",
        N_("Sales orders"),
        N_(
            "Submitted orders become orders in Business Central. They may be written by a user of their own: connect "
            "it under another name and name that connection here."
        ),
        StepKind.OPTIONS,
        names=("orders", "invoices_from", "orders_connection", "write_in_item"),
        optional=True,
    ),
    SetUpStep(
        "availability",
        N_("Item availability"),
        N_(
            "Salespeople see what is in stock through a web service of Business Central, read by a user of its own "
            "with a web service access key, or by the synchronisation user where none is given."
        ),
        StepKind.SETTINGS,
        Side.RIGHT,
        names=("availability_service", "availability_user", "availability_key", "availability_url"),
        optional=True,
    ),
    SetUpStep(
        "sync",
        N_("Full synchronisation"),
        N_("Look first at the review: what would be made, changed and coupled. Then start it."),
        StepKind.SYNC,
    ),
)
