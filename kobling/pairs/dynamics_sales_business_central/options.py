"""The options of this pair, and what they become."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from kobling.mapping import ConflictPolicy, Direction, Side
from kobling.pairs.base import Option
from kobling.pairs.common_options import SYNCHRONISE, a_currency, a_day_or_all
from kobling.records import N_

OPTIONS = (
    SYNCHRONISE,
    Option(
        "base_currency",
        N_("The company's own currency"),
        "DKK",
        help=N_("Business Central leaves it blank; Dynamics 365 Sales must have the same base currency."),
        reads=a_currency,
    ),
    Option(
        "ownership",
        N_("Who owns records in Sales"),
        "person",
        ("person", "team"),
        N_("person: the salesperson owns them; team: the company's team does, and salespeople are not coupled."),
    ),
    Option(
        "conflict",
        N_("When both sides changed the same field"),
        "ask",
        ("ask", "sales", "business_central", "newest"),
        N_("ask: a person decides; sales or business_central: that side wins; newest: the latest change wins."),
    ),
    Option(
        "first",
        N_("Which data goes first"),
        "business_central",
        ("sales", "business_central"),
        N_("It decides values that differ when two records are coupled for the first time."),
    ),
    Option(
        "coupled_only",
        N_("Which records"),
        "all",
        ("all", "coupled"),
        N_("all: new records are made on the other side; coupled: only those that a person coupled are kept in step."),
    ),
    Option(
        "choices",
        N_("Payment terms and shipment methods"),
        "existing",
        ("existing", "make"),
        N_(
            "existing: only options that Dynamics 365 has already; make: missing options are made there, for which the "
            "synchronisation user needs the role System Customizer."
        ),
    ),
    Option(
        "orders",
        N_("Sales orders"),
        "to_business_central",
        ("to_business_central", "both", "off"),
        N_("Submitted orders become orders in Business Central; with both, changes there come back."),
    ),
    Option(
        "orders_connection",
        N_("Connection that writes orders"),
        "",
        help=N_("The name of another connection whose user writes the orders; empty: the synchronisation user."),
    ),
    Option(
        "write_in_item",
        N_("Item for write-in lines"),
        "",
        help=N_("The item number that order lines without a product become in Business Central."),
    ),
    Option(
        "invoices_from",
        N_("Orders and invoices from"),
        "",
        help=N_("The first day to synchronise (YYYY-MM-DD), or “all”. Default: the day the pair was made."),
        reads=a_day_or_all,
    ),
    Option("country_language", N_("Language of country names in Sales"), "da", ("da", "sv", "nb", "en")),
)


def rules(options: Mapping[str, Any], direction: Direction = Direction.BOTH) -> dict[str, Any]:
    """What every table takes from the options."""
    sides = {"sales": Side.LEFT, "business_central": Side.RIGHT}
    conflict = options["conflict"]
    return {
        "direction": direction,
        "conflict": ConflictPolicy(sides[conflict].value if conflict in sides else conflict),
        "leading": sides[options["first"]],
        "only_coupled": options["coupled_only"] == "coupled",
    }
