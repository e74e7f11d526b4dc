"""The options that users of the Dinero module of Simply CRM have today, and what they become here."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from kobling.mapping import ConflictPolicy, Direction, Side
from kobling.pairs.base import Named, Option
from kobling.pairs.common_options import SYNCHRONISE, a_day_or_all, an_amount
from kobling.records import N_

ACCOUNT = Named(Side.RIGHT, "accounts", "AccountNumber")

OPTIONS = (
    Option("mapping", N_("Field mapping"), "default", ("default", "custom"), N_("Custom lets you change each field.")),
    SYNCHRONISE,
    Option("direction", N_("Direction"), "both", ("crm_to_dinero", "dinero_to_crm", "both")),
    Option(
        "first",
        N_("Which data goes first"),
        "crm",
        ("crm", "dinero"),
        N_("crm: send CRM data first; dinero: fetch Dinero data first. It decides values that differ at first."),
    ),
    Option(
        "priority",
        N_("Priority module for invoices"),
        "organisations",
        ("organisations", "contacts"),
        N_("Who an invoice is made out to when it has both: the organisation or the contact."),
    ),
    Option(
        "conflict",
        N_("When both sides changed the same field"),
        "ask",
        ("ask", "first", "newest"),
        N_("ask: a person decides; first: the data that goes first wins; newest: the latest change wins."),
    ),
    Option(
        "booking",
        N_("Invoices in Dinero"),
        "drafts",
        ("drafts", "when_approved"),
        N_("drafts: a person books them in Dinero; when_approved: booked when approved in the CRM."),
    ),
    Option(
        "invoices_from",
        N_("Invoices from"),
        "",
        help=N_("The first invoice date to synchronise (YYYY-MM-DD), or “all”. Default: the day the pair was made."),
        reads=a_day_or_all,
    ),
    Option("sales_account", N_("Sales account with VAT"), "1000", names=ACCOUNT, reads=int),
    Option(
        "sales_account_without_vat",
        N_("Sales account without VAT"),
        "",
        help=N_("Lines without VAT wait until you choose it, since the account decides what is reported."),
        names=ACCOUNT,
        reads=int,
    ),
    Option(
        "fallback_product",
        N_("Product for lines without a product"),
        "",
        help=N_("The product code in the CRM that invoice lines without a product become."),
    ),
    Option(
        "rounding_limit",
        N_("Largest rounding difference"),
        "0.10",
        help=N_("Up to this amount an invoice's total in the CRM is adjusted to Dinero's; more than that asks you."),
        reads=an_amount,
    ),
    Option("country_language", N_("Language of country names in the CRM"), "da", ("da", "sv", "nb", "en")),
)


def direction_of(options: Mapping[str, Any]) -> Direction:
    """The way data may flow between CRM (left) and Dinero (right)."""
    return {
        "crm_to_dinero": Direction.TO_RIGHT,
        "dinero_to_crm": Direction.TO_LEFT,
        "both": Direction.BOTH,
    }[options["direction"]]


def leading_of(options: Mapping[str, Any]) -> Side:
    """Whose values count when the two sides differ from the beginning."""
    return Side.LEFT if options["first"] == "crm" else Side.RIGHT


def conflict_of(options: Mapping[str, Any]) -> ConflictPolicy:
    """What happens when both sides changed the same field."""
    if options["conflict"] == "first":
        return ConflictPolicy(leading_of(options).value)
    return ConflictPolicy(options["conflict"])
