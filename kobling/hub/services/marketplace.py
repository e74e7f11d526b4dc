"""The marketplace: what can be switched on, what it costs, who switched it on, in which way and for whom."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from django.db import transaction

from kobling.access.models import Client
from kobling.access.policy import Actor, Doing, NotFound, may, require, require_operator
from kobling.hub import runs
from kobling.hub.connections.opening import Opener
from kobling.hub.happened import What
from kobling.hub.models import Pair, Run, Schedule
from kobling.hub.models.market import Activation, Price, active
from kobling.hub.services import pairs
from kobling.hub.services.log import record
from kobling.hub.store import stale
from kobling.pairs.base import FULL, PairType
from kobling.records import N_, SettingsError, Unsafe, exact

PERIODS = ("month", "year", "once")


@dataclass(frozen=True, slots=True)
class Offer:
    """One integration as a client sees it. ``price`` is as it is shown, empty where it costs nothing.

    ``may_activate``: whether the one who looks is an administrator. ``usable``: it costs nothing and was never switched
    off, so that it needs no switching on.
    """

    kind: PairType
    price: str
    active: Activation | None
    may_activate: bool
    usable: bool


def offers(actor: Actor, client: Client | None, opener: Opener) -> list[Offer]:
    """Everything there is; whoever sees the client may look around, the operator also where there is no client yet."""
    if client is None:
        require_operator(actor)
    else:
        require(actor, Doing.SEE, client)
    administrator = client is None or may(actor, Doing.SET_UP, client)
    known = list(Activation.objects.filter(client=client))
    switched_on = {each.pair_type: each for each in known if each.ended_at is None}
    ended = {each.pair_type for each in known}
    shown = {each.pair_type: spelled(each) for each in Price.objects.all()}
    return [
        Offer(
            kind, shown.get(name, ""), switched_on.get(name), administrator, not shown.get(name) and name not in ended
        )
        for name, kind in sorted(opener.pair_types.items())
    ]


def spelled(price: Price) -> str:
    """A price in one spelling, which a person agrees to: 249.00 NOK / month."""
    return f"{price.amount:.2f} {price.currency} / {price.per}"


def set_price(actor: Actor, opener: Opener, pair_type: str, amount: str, currency: str, per: str) -> str:
    """Say what a pair type costs from now on (0: nothing). The operator alone; who has it already keeps the old one."""
    require_operator(actor)
    kind = opener.pair_type_named(pair_type)
    try:
        number = exact(amount)
    except ValueError:
        number = Decimal(-1)
    if number < 0 or not (len(currency) == 3 and currency.isalpha()) or per not in PERIODS:
        raise SettingsError(
            N_("A price is an amount, a currency and one of: %(periods)s. For example 249.00 NOK month."),
            periods=", ".join(PERIODS),
            field="price",
        )
    with transaction.atomic():
        before = price_of(kind.name)
        Price.objects.filter(pair_type=kind.name).delete()
        if number:
            asked = {"amount": number.quantize(Decimal("0.01")), "currency": currency.upper(), "per": per}
            Price.objects.create(pair_type=kind.name, **asked)
        shown = price_of(kind.name)
        record(actor, None, What.PRICE_SET, kind.name, before=before, after=shown)
    return shown


def price_of(pair_type: str) -> str:
    """What a pair type costs now, as it is shown; empty where it costs nothing."""
    found = Price.objects.filter(pair_type=pair_type).first()
    return spelled(found) if found else ""


def activate(
    actor: Actor,
    client: Client,
    opener: Opener,
    pair_type: str,
    now: datetime,
    *,
    mode: str = "",
    departments: Sequence[str] | None = None,
    price: str = "",
) -> Activation:
    """Switch a pair type on, at the price that was shown. Once it is on, this changes what is named of it.

    ``departments`` are names or ids, empty meaning all that the key reaches. Raises SettingsError for a way that there
    is not, a price that is not the one asked now, or a department that the other system does not know.
    """
    require(actor, Doing.SET_UP, client)
    kind = opener.pair_type_named(pair_type)
    _check_mode(kind, mode or FULL)
    with transaction.atomic():
        known = active(client.pk, kind.name)
        if known is None:
            _agreed(kind, price)
            known = Activation(client=client, pair_type=kind.name, price=price, mode=FULL)
            known.activated_at, known.activated_by = now, actor.key
        known.mode = mode or known.mode
        if departments is not None:
            known.departments = [each.strip() for each in departments if each.strip()]
        known.save()
        _hand_on(actor, client, opener, kind, known)
        after = {"mode": known.mode, "departments": known.departments, "price": known.price}
        record(actor, client, What.ACTIVATED, kind.name, after=after)
    return known


def deactivate(actor: Actor, client: Client, opener: Opener, pair_type: str, now: datetime, why: str = "") -> None:
    """Switch a pair type off: nothing runs any more, nothing is deleted, keys stay until they are revoked.

    Raises Unsafe while one of its pairs runs, NotFound when it is not switched on.
    """
    require(actor, Doing.SET_UP, client)
    kind = opener.pair_type_named(pair_type)
    mine = Pair.objects.filter(client=client, pair_type=kind.name)
    with transaction.atomic():
        if Run.objects.filter(pair__in=mine, state=runs.RUNNING).exists():
            raise Unsafe(N_("A run is going on. Try again when it has ended."), code="run_going_on")
        ended = Activation.objects.filter(client=client, pair_type=kind.name, ended_at=None)
        if not ended.update(ended_at=now, ended_by=actor.key):
            raise NotFound(N_("“%(name)s” is not switched on for this client."), name=kind.title, code="not_active")
        for run in Run.objects.filter(pair__in=mine, state=runs.QUEUED).values_list("pk", flat=True):
            runs.cancel(run, now)
        planned = Schedule.objects.filter(pair__in=mine, enabled=True)
        planned.update(enabled=False, next_at=None, on_since=None, paused_at=now, paused_by=actor.key)
        stale.mark([client.pk])
        record(actor, client, What.DEACTIVATED, kind.name, why=why)


def _agreed(kind: PairType, price: str) -> None:
    asked = price_of(kind.name)
    if price.strip() != asked:
        raise SettingsError(
            N_("“%(name)s” costs %(price)s. Agree to that price to switch it on."),
            field="price",
            code="price",
            name=kind.title,
            price=asked or "0",
        )


def _check_mode(kind: PairType, mode: str) -> None:
    if mode not in kind.modes:
        raise SettingsError(
            N_("“%(value)s” is not a choice for %(option)s. Choose one of: %(choices)s."),
            field="mode",
            value=mode,
            option="mode",
            choices=", ".join(kind.modes),
        )


def _hand_on(actor: Actor, client: Client, opener: Opener, kind: PairType, activation: Activation) -> None:
    """Pairs that exist already follow the choice of departments."""
    for pair in Pair.objects.filter(client=client, pair_type=kind.name).select_related("client", "left", "right"):
        chosen = pairs.departments(opener, kind, pair.left, activation)
        if chosen is not None and pair.options.get("departments", "") != chosen:
            pairs.configure(actor, pair, opener, {"departments": chosen}, why="activation")
