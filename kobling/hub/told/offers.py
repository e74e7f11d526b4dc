"""Clients, offers of the market and steps of a set-up, as they are told."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from kobling.access.models import Client
from kobling.hub.models.market import Activation
from kobling.hub.services.marketplace import Offer
from kobling.hub.services.setting_up import StepState
from kobling.hub.told.said import Said
from kobling.pairs.base import PairType


@dataclass(frozen=True, slots=True)
class ClientTold:
    """A company whose data is kept in step."""

    id: int
    client: str
    number: str
    firm: str | None

    @classmethod
    def of(cls, client: Client) -> ClientTold:
        """As it stands now."""
        return cls(client.pk, client.name, client.number, client.firm.name if client.firm else None)


@dataclass(frozen=True, slots=True)
class ActiveTold:
    """How something that is switched on is used."""

    mode: str
    departments: Sequence[str]
    price: str

    @classmethod
    def of(cls, active: Activation | None) -> ActiveTold | None:
        """As it stands now; None where it is off."""
        return None if active is None else cls(active.mode, list(active.departments), active.price)


@dataclass(frozen=True, slots=True)
class ActivatedTold:
    """What was switched on, and how it is used."""

    name: str
    mode: str
    departments: Sequence[str]
    price: str

    @classmethod
    def of(cls, made: Activation) -> ActivatedTold:
        """As it stands now."""
        return cls(made.pair_type, made.mode, made.departments, made.price)


@dataclass(frozen=True, slots=True)
class OfferTold:
    """What can be switched on."""

    name: str
    title: str
    price: str
    modes: Sequence[str]
    active: ActiveTold | None
    may_activate: bool

    @classmethod
    def of(cls, offer: Offer) -> OfferTold:
        """As the client sees it."""
        kind, on = offer.kind, ActiveTold.of(offer.active)
        return cls(kind.name, kind.title, offer.price, list(kind.modes), on, offer.may_activate)


@dataclass(frozen=True, slots=True)
class StepTold:
    """A step of the assisted set-up."""

    step: str
    state: str
    optional: bool
    asks: Sequence[str]
    told: Said

    @classmethod
    def of(cls, each: StepState) -> StepTold:
        """As it stands now."""
        return cls(each.step.name, each.state, each.step.optional, [one.name for one in each.asks], each.told)


@dataclass(frozen=True, slots=True)
class OptionTold:
    """An option of a pair."""

    name: str
    default: str
    choices: Sequence[str]


@dataclass(frozen=True, slots=True)
class PairTypeTold:
    """A pair on offer."""

    name: str
    title: str
    left: str
    right: str
    options: Sequence[OptionTold]

    @classmethod
    def of(cls, kind: PairType) -> PairTypeTold:
        """As it is offered."""
        options = [OptionTold(each.name, each.default, each.choices) for each in kind.options]
        return cls(kind.name, kind.title, kind.left, kind.right, options)
