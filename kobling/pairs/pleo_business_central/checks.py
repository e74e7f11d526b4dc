"""What must be right before an expense is sent: each check stands on its own, so that Pleo is told what is missing."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from kobling.mapping.codecs import Codec, Resolver, Values
from kobling.pairs.pleo_business_central.booking import NEEDS_RECEIPT, account_of, contra_of
from kobling.records import N_, NotOffered, SettingsError, Wrong, exact

_CHOSEN = "contra_card", "contra_pocket", "contra_reimbursement", "transfers_account"
Check = Callable[[Mapping[str, Any], Resolver], None]
SOURCES = ("lines", "type", "contraCode", "files")


def checking(name: str, check: Check) -> Codec:
    """A codec that agrees on nothing and raises Wrong where something is not as it must be."""

    def read(values: Values, _side: str, resolver: Resolver | None) -> Any:
        if resolver is not None:
            check(dict(zip(SOURCES, values, strict=True)), resolver)
        return None

    return Codec(name, read, lambda _value, _side, _resolver: (None,) * len(SOURCES))


def account_check(options: Mapping[str, Any]) -> Codec:
    """Every account is there, open, and takes direct posting; contra accounts are G/L accounts like any other."""

    def check(told: Mapping[str, Any], resolver: Resolver) -> None:
        kind = str(told["type"])
        for line in told["lines"]:
            _postable(resolver, account_of(options, kind, line))
        _postable(resolver, contra_of(options, kind, told["contraCode"]))

    return checking("account_check", check)


def contra_accounts(options: Mapping[str, Any]) -> Callable[[Resolver], None]:
    """The chosen accounts are G/L accounts that take direct posting, looked at before each run. Raises NotOffered."""

    def ready(resolver: Resolver) -> None:
        if not options["contra_card"]:
            raise NotOffered(
                N_("Choose the contra account of card purchases (option contra_card)."),
                field="contra_card",
                code="no_contra_account",
            )
        for name in _CHOSEN:
            if options[name]:
                try:
                    _postable(resolver, str(options[name]))
                except Wrong as wrong:
                    raise NotOffered(wrong.summary, field=name, code="contra_account", **wrong.params) from None

    return ready


def _postable(resolver: Resolver, number: str) -> None:
    found = resolver.find("right", "accounts", "number", number)
    if found is None:
        raise Wrong(N_("There is no account %(account)s in Business Central."), account=number)
    state = {
        name: resolver.field("right", "accounts", found, name) for name in ("blocked", "directPosting", "accountType")
    }
    if state["blocked"]:
        raise Wrong(N_("The account %(account)s is blocked in Business Central."), account=number)
    if not state["directPosting"] or state["accountType"] != "Posting":
        raise Wrong(N_("The account %(account)s takes no direct posting in Business Central."), account=number)


def tag_check(told: Mapping[str, Any], resolver: Resolver) -> None:
    """Every tag is a value of its dimension."""
    for line in told["lines"]:
        for group, code in (line.get("tags") or {}).items():
            dimension = resolver.find("right", "dimensions", "code", group)
            if dimension is None:
                raise Wrong(N_("There is no dimension %(dimension)s in Business Central."), dimension=group)
            if resolver.find("right", "dimensionValues", "code", code) is None:
                raise Wrong(
                    N_("There is no value %(value)s of the dimension %(dimension)s in Business Central."),
                    value=code,
                    dimension=group,
                )


def needed_dimensions(rule: str) -> dict[str, tuple[str, ...]]:
    """Account → dimensions that it needs, as a person writes them: ``4010=AFDELING PROJEKT, *=AFDELING``.

    Raises SettingsError. Fidelity: known business_central §6.1 – the API shows no dimensions that accounts demand
    """
    found: dict[str, tuple[str, ...]] = {}
    for part in (each.strip() for each in rule.split(",") if each.strip()):
        account, sign, codes = (each.strip() for each in part.partition("="))
        if not sign or not account or not codes.split():
            raise SettingsError(
                N_("“%(part)s” is no rule for dimensions. Write 4010=AFDELING PROJEKT, *=AFDELING."),
                field="needed_dimensions",
                part=part,
            )
        found[account] = tuple(codes.split())
    return found


def dimension_check(options: Mapping[str, Any]) -> Codec:
    """Every line has the dimensions that its account needs, so that it can be posted."""
    needed = needed_dimensions(str(options["needed_dimensions"]))

    def check(told: Mapping[str, Any], _resolver: Resolver) -> None:
        for line in told["lines"]:
            account = account_of(options, str(told["type"]), line)
            for code in (*needed.get("*", ()), *needed.get(account, ())):
                if code not in (line.get("tags") or {}):
                    raise Wrong(
                        N_("Account %(account)s needs the dimension %(dimension)s. Choose a tag in Pleo."),
                        account=account,
                        dimension=code,
                    )

    return checking("dimension_check", check)


def tax_check(told: Mapping[str, Any], resolver: Resolver) -> None:
    """Every tax code is known."""
    for line in told["lines"]:
        code = line.get("taxCode")
        if code and resolver.find("right", "taxGroups", "code", code) is None:
            raise Wrong(N_("There is no VAT code %(code)s in Business Central."), code=code)


def nothing_check(told: Mapping[str, Any], _resolver: Resolver) -> None:
    """Business Central posts no voucher without an amount (known business_central §6.1: nothing to post)."""
    if not any(exact(line["amount"]) for line in told["lines"]):
        raise Wrong(N_("The expense comes to 0.00: there is nothing to post. Mark it as exported in Pleo."))


def receipt_check(told: Mapping[str, Any], resolver: Resolver) -> None:
    """A purchase has its receipt, unless a person said to send it without."""
    if "send" in resolver.permitted:
        return
    if str(told["type"]) in NEEDS_RECEIPT and not told["files"]:
        raise Wrong(N_("The expense has no receipt. Add it in Pleo, or let such expenses be sent (missing_receipts)."))
