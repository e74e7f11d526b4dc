"""The assisted set-up of a pair: what is done, what is next, and doing a step. Nothing here cannot be done by hand."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, TypeVar

from django.db.models import QuerySet

from kobling.access.models import Client
from kobling.access.naming import Ambiguous
from kobling.access.policy import Actor, Doing, require, require_operator
from kobling.hub.connections.opening import Opener
from kobling.hub.happened import What
from kobling.hub.models import Connection, Event, Pair
from kobling.hub.models.market import Activation, active
from kobling.hub.services import connections, marketplace, pairs
from kobling.hub.services.connections import SigningIn
from kobling.hub.services.log import record
from kobling.hub.store.health import reason
from kobling.hub.told.said import NOTHING, Said
from kobling.mapping import Side
from kobling.pairs.base import FULL, Option, PairType, SetUpStep, StepKind
from kobling.records import N_, SettingsError
from kobling.sdk.protocols import Preparable, Setting

USER = "synchronisation_user"
"""What a preparing step may ask beside the sign-in: whom to give the rights."""
Row = TypeVar("Row", Pair, Connection)
_NAMED = 10
TODO, DONE, SKIPPED, WAITS = "todo", "done", "skipped", "waits"


@dataclass(frozen=True, slots=True)
class StepState:
    """One step and how it stands: todo, done, skipped, or waiting for an earlier one. ``asks`` is what it asks for."""

    step: SetUpStep
    state: str
    asks: tuple[Option | Setting, ...] = ()
    told: Said = NOTHING


def overview(actor: Actor, client: Client | None, pair_type: str, opener: Opener) -> list[StepState]:
    """All steps of the set-up in their order; the operator may look where there is no client yet.

    Raises SettingsError for a pair type without one.
    """
    if client is None:
        require_operator(actor)
    else:
        require(actor, Doing.SEE, client)
    kind = _kind(opener, pair_type)
    pair = _pair(client, kind)
    activation = _activation(client, kind)
    mode = activation.mode if activation else FULL
    found: list[StepState] = []
    for step in kind.set_up:
        if step.modes and mode not in step.modes:
            continue
        state, told = _state(client, kind, pair, step)
        blocked = state == TODO and any(each.state in (TODO, WAITS) and not each.step.optional for each in found)
        said = told if isinstance(told, Said) else Said(told)
        found.append(StepState(step, WAITS if blocked else state, _asks(opener, kind, step), said))
    return found


def perform(
    actor: Actor,
    client: Client,
    pair_type: str,
    name: str,
    values: Mapping[str, Any],
    opener: Opener,
    signing_in: SigningIn | None = None,
) -> str:
    """Do one step with what a person entered; returns what was done, in a sentence. Doing it again changes it.

    Raises SettingsError saying what is missing: an earlier step, or a value.
    """
    require(actor, Doing.SET_UP, client)
    kind = _kind(opener, pair_type)
    standing = {each.step.name: each for each in overview(actor, client, pair_type, opener)}
    if name not in standing:
        raise SettingsError(
            N_("There is no step “%(name)s”. There are: %(known)s."), name=name, known=", ".join(standing)
        )
    if standing[name].state == WAITS:
        first = next(each.step for each in standing.values() if each.state == TODO and not each.step.optional)
        raise SettingsError(N_("Do “%(step)s” first."), step=first.name, code="earlier_step")
    step = standing[name].step
    if step.kind is not StepKind.SYNC:
        record(actor, client, What.STEP_DONE, f"{pair_type} {name}", after={"values": sorted(values)})
    return _DO[step.kind](actor, client, kind, step, values, opener, signing_in)


def skip(actor: Actor, client: Client, pair_type: str, name: str, opener: Opener) -> None:
    """Leave out an optional step. Raises SettingsError for one that is needed."""
    require(actor, Doing.SET_UP, client)
    step = next((each for each in _kind(opener, pair_type).set_up if each.name == name), None)
    if step is None or not step.optional:
        raise SettingsError(N_("The step “%(name)s” cannot be left out."), name=name, code="needed")
    record(actor, client, What.STEP_SKIPPED, f"{pair_type} {name}")


def _state(client: Client | None, kind: PairType, pair: Pair | None, step: SetUpStep) -> tuple[str, str | Said]:
    subject = f"{kind.name} {step.name}"
    if step.kind is StepKind.CONNECT:
        connection = _connection(client, kind, step)
        if connection is None:
            return TODO, ""
        return (DONE if connection.healthy else TODO), connection.account_name or reason(connection)
    if step.kind is StepKind.ACTIVATE:
        return _activation_state(client, kind)
    if step.kind is StepKind.SYNC:
        ran = pair is not None and pair.runs.filter(kind="sync", state__in=("done", "partly_done")).exists()
        return (DONE if ran else TODO), ""
    last = (
        Event.objects.filter(client=client, subject=subject, what__in=(What.STEP_DONE, What.STEP_SKIPPED))
        .order_by("-id")
        .first()
    )
    if last is None:
        by_hand = pair is not None and not step.optional and step.kind in (StepKind.CONFIRM, StepKind.OPTIONS)
        return (DONE if by_hand else TODO), ""
    return (SKIPPED if last.what == What.STEP_SKIPPED else DONE), ""


def _activation(client: Client | None, kind: PairType) -> Activation | None:
    return active(client.pk, kind.name) if client else None


def _activation_state(client: Client | None, kind: PairType) -> tuple[str, str]:
    activation = _activation(client, kind)
    if activation is None:
        return TODO, marketplace.price_of(kind.name)
    return DONE, ", ".join([activation.mode, *activation.departments])


def _asks(opener: Opener, kind: PairType, step: SetUpStep) -> tuple[Option | Setting, ...]:
    if step.kind is StepKind.OPTIONS:
        return tuple(each for each in kind.options if each.name in step.names)
    if step.kind is StepKind.ACTIVATE:
        return _activation_asks(kind)
    if step.side is None:
        return ()
    wanted = opener.type_of(kind.left if step.side is Side.LEFT else kind.right).settings
    return tuple(each for each in wanted if not step.names or each.name in step.names) + step.more


def _activation_asks(kind: PairType) -> tuple[Option, ...]:
    price = marketplace.price_of(kind.name)
    found = [Option("mode", N_("Way of use"), FULL, kind.modes)]
    if kind.departments:
        found.append(Option("departments", N_("Departments"), "", help=N_("Names or ids with commas; empty: all.")))
    if price:
        found.append(Option("price", N_("Price you agree to"), "", (price,)))
    return tuple(found)


def _activate(
    actor: Actor, client: Client, kind: PairType, step: SetUpStep, values: Mapping[str, Any], opener: Opener, _way: Any
) -> str:
    known = [each.name for each in _activation_asks(kind)]
    if strange := sorted(values.keys() - set(known)):
        raise SettingsError(
            N_("This step has no option “%(name)s”. It has: %(known)s."), name=strange[0], known=", ".join(known)
        )
    chosen = values["departments"].split(",") if "departments" in values else None
    marketplace.activate(
        actor,
        client,
        opener,
        kind.name,
        datetime.now(UTC),
        mode=values.get("mode", ""),
        departments=chosen,
        price=values.get("price", ""),
    )
    return N_("Switched on.")


def _confirm(
    actor: Actor, client: Client, kind: PairType, step: SetUpStep, values: Any, opener: Opener, _way: Any
) -> str:
    return N_("Noted.")


def _connect(
    actor: Actor,
    client: Client,
    kind: PairType,
    step: SetUpStep,
    values: Mapping[str, Any],
    opener: Opener,
    way: SigningIn | None,
) -> str:
    connector = kind.left if step.side is Side.LEFT else kind.right
    known = _connection(client, kind, step)
    given = {name: str(value) for name, value in values.items()}
    name = given.pop("key_name", "") or (known.name if known else "")
    connections.connect(actor, client, opener, connector, given, name, way)
    return N_("Connected and tested.")


def _options(
    actor: Actor, client: Client, kind: PairType, step: SetUpStep, values: Mapping[str, Any], opener: Opener, _way: Any
) -> str:
    if strange := sorted(values.keys() - set(step.names)):
        raise SettingsError(
            N_("This step has no option “%(name)s”. It has: %(known)s."), name=strange[0], known=", ".join(step.names)
        )
    pair = _pair(client, kind)
    if pair is None:
        today = datetime.now(UTC).date().isoformat()
        pairs.create(actor, client, opener, kind.name, values, today=today)
    else:
        pairs.configure(actor, pair, opener, values)
    return N_("Saved.")


def _settings(
    actor: Actor, client: Client, kind: PairType, step: SetUpStep, values: Mapping[str, Any], opener: Opener, _way: Any
) -> str:
    connection = _needed(client, kind, step)
    connections.amend(actor, connection, opener, {k: str(v) for k, v in values.items()}, step.names)
    return N_("Saved.")


def _prepare(
    actor: Actor,
    client: Client,
    kind: PairType,
    step: SetUpStep,
    values: Mapping[str, Any],
    opener: Opener,
    way: SigningIn | None,
) -> str:
    """With an administrator's sign-in where one is given: it lives as long as this call."""
    if strange := sorted(values.keys() - {each.name for each in _asks(opener, kind, step)}):
        raise SettingsError(
            N_("This step has no option “%(name)s”. It has: %(known)s."), name=strange[0], known=", ".join(step.names)
        )
    given = {name: str(value) for name, value in values.items()}
    user = given.pop(USER, "")
    if given:
        known = _connection(client, kind, step)
        asked = opener.type_of(kind.left if step.side is Side.LEFT else kind.right)
        settings = {each.name: each.default for each in asked.settings} | (known.settings if known else {}) | given
        grant = connections.sign_in(asked, opener, settings, way)
        connector = asked.open(settings, opener.passing_context(grant))
    else:
        connector = opener.connector(_needed(client, kind, step))
    if isinstance(connector, Preparable):
        found = opener.waiting.run(connector.prepare(user))
        record(actor, client, What.PREPARED, f"{kind.name} {step.name}", after=list(found))
    return N_("Prepared.")


def _sync(actor: Actor, client: Client, kind: PairType, step: SetUpStep, values: Any, opener: Opener, _way: Any) -> str:
    return N_("Look at the review, then start it yourself.")


_DO = {
    StepKind.ACTIVATE: _activate,
    StepKind.CONFIRM: _confirm,
    StepKind.CONNECT: _connect,
    StepKind.OPTIONS: _options,
    StepKind.SETTINGS: _settings,
    StepKind.PREPARE: _prepare,
    StepKind.SYNC: _sync,
}


def _kind(opener: Opener, name: str) -> PairType:
    kind = opener.pair_types.get(name)
    if kind is None or not kind.set_up:
        opener.explain(name)
        known = ", ".join(each.name for each in opener.pair_types.values() if each.set_up)
        raise SettingsError(
            N_("There is no assisted set-up for “%(name)s”. There is for: %(known)s."), name=name, known=known
        )
    return kind


def _pair(client: Client | None, kind: PairType) -> Pair | None:
    return _the_only(Pair.objects.filter(client=client, pair_type=kind.name).order_by("id"), kind.title)


def _connection(client: Client | None, kind: PairType, step: SetUpStep) -> Connection | None:
    pair = _pair(client, kind)
    if pair is not None:
        return pair.left if step.side is Side.LEFT else pair.right
    connector = kind.left if step.side is Side.LEFT else kind.right
    return _the_only(Connection.objects.filter(client=client, connector=connector).order_by("id"), connector)


def _the_only(found: QuerySet[Row], what: str) -> Row | None:
    """Steps name neither pair nor connection: with several of them, nobody can say which one is meant."""
    rows = list(found[:_NAMED])
    if len(rows) > 1:
        raise Ambiguous(
            N_("The client has several of %(what)s: %(names)s. The assisted set-up is for one; use the single steps."),
            what=what,
            names=", ".join(each.name for each in rows),
            code="ambiguous",
        )
    return rows[0] if rows else None


def _needed(client: Client, kind: PairType, step: SetUpStep) -> Connection:
    found = _connection(client, kind, step)
    if found is None:
        raise SettingsError(N_("Connect the system first."), code="earlier_step")
    return found
