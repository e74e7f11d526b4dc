"""Who may do what to whom: every service there is, found by looking, is tried by everyone."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FunctionType, GeneratorType, ModuleType
from typing import Any, get_args, get_type_hints

import pytest
from django.apps import apps
from django.db import connection, transaction
from django.db.models import CharField, QuerySet, TextField

from kobling import arriving, jobs, mail, operating, portal
from kobling.access.policy import Actor, Doing, NotFound, may
from kobling.hub import runs, services
from kobling.hub.services import exporting, pairs, syncing
from kobling.records import KoblingError
from tests.engine.bench import Bench
from tests.services.cast import NOBODYS, cast
from tests.services.house import NOW, SOURCES, House
from tests.services.mail_rows import MAIL, MAIL_WITHOUT_ACTOR
from tests.services.moving_rows import MOVING, MOVING_WITHOUT_ACTOR
from tests.services.operating_rows import OPERATING, OPERATING_WITHOUT_ACTOR
from tests.services.portal_rows import PORTAL, PORTAL_WITHOUT_ACTOR
from tests.services.rows import PLAN, SEE, SET_UP, SPEND, WORK, Row
from tests.services.rows import SERVICES as OTHERS
from tests.services.rows import WITHOUT_ACTOR as OTHERS_WITHOUT_ACTOR

pytestmark = pytest.mark.django_db
DJANGOS = tuple(
    f"kobling.{room}.{part}" for room in ("portal", "mail", "jobs") for part in ("models", "apps", "migrations")
)
AFTER_ASKING = {"log.record", "stages.advance"}
"""Take who did it, from services that have asked whether they may."""
EVERYONE = SEE | set(NOBODYS)
SERVICES = OTHERS | MAIL | PORTAL | MOVING | OPERATING
WITHOUT_ACTOR = (
    OTHERS_WITHOUT_ACTOR | MAIL_WITHOUT_ACTOR | PORTAL_WITHOUT_ACTOR | MOVING_WITHOUT_ACTOR | OPERATING_WITHOUT_ACTOR
)


@pytest.fixture
def house(monkeypatch: pytest.MonkeyPatch, settings: Any, tmp_path: Path) -> Iterator[House]:
    monkeypatch.setattr(exporting, "SOURCES", SOURCES)
    settings.MAIL_FOLDER = str(tmp_path)
    (tmp_path / "lies-there.eml").write_text("To: x@x.example\n\nx")
    made = House()
    yield made
    made.close()


def modules() -> Iterator[ModuleType]:
    """Every module of the services, however deep, and of the rooms beside them, but for what is Django's."""
    for room in (services, portal, arriving, mail, jobs, operating):
        for found in pkgutil.walk_packages(room.__path__, f"{room.__name__}."):
            if not found.name.startswith(DJANGOS):
                yield importlib.import_module(found.name)


def public() -> dict[str, Any]:
    """Every public function of the services and everything public of their classes, by name."""
    found: dict[str, Any] = {}
    for module in modules():
        room = module.__name__.removeprefix(f"{services.__name__}.").removeprefix("kobling.")
        for name, each in vars(module).items():
            if name.startswith("_") or getattr(each, "__module__", None) != module.__name__:
                continue
            if isinstance(each, FunctionType):
                found[f"{room}.{name}"] = each
            elif inspect.isclass(each):
                found |= {f"{room}.{name}.{key}": value for key, value in _members(each)}
    return found


def _members(kind: type) -> Iterator[tuple[str, Any]]:
    for name, each in vars(kind).items():
        if not name.startswith("_") and isinstance(each, FunctionType | property | staticmethod | classmethod):
            yield name, getattr(each, "fget", None) or getattr(each, "__func__", each)


def takes_an_actor(function: Any) -> bool:
    return any(Actor in (hint, *get_args(hint)) for hint in get_type_hints(function).values())


def test_every_public_service_has_a_row_and_every_row_a_service() -> None:
    known = public()
    assert set(known) == set(SERVICES) | set(WITHOUT_ACTOR)
    asked = {name for name, each in known.items() if takes_an_actor(each)}
    assert asked - AFTER_ASKING == set(SERVICES)
    assert all(WITHOUT_ACTOR.values())


@contextmanager
def undone() -> Iterator[None]:
    """Whatever was done is taken back, so that the next one meets the same world."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


class Writes:
    """Notes every statement that changes something."""

    def __init__(self) -> None:
        self.seen: list[str] = []

    def __call__(self, execute: Any, statement: str, *rest: Any) -> Any:
        if statement.lstrip().upper().startswith(("INSERT", "UPDATE", "DELETE")):
            self.seen.append(statement)
        return execute(statement, *rest)


def kept_by_name(name: str) -> list[str]:
    """Where somebody is noted by a name alone; beside its kind and id, an event has it too."""
    texts = [
        each
        for app in ("hub", "portal")
        for model in apps.get_app_config(app).get_models()
        for each in model._meta.get_fields()
        if isinstance(each, CharField | TextField)
    ]
    found = [str(each) for each in texts if each.model.objects.filter(**{each.name: name}).exists()]
    return [each for each in found if each != "hub.Event.who"]


def attempt(row: Row, who: Actor, house: House) -> object:
    """What the service gives, walked to its end, or the error of ours that it ends with; no other is an answer."""
    try:
        given = row.call(who, house)
        return list(given) if isinstance(given, GeneratorType | QuerySet) else given
    except KoblingError as error:
        return error


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_serves_those_who_may_and_knows_nothing_for_the_others(house: House, service: str) -> None:
    row = SERVICES[service]
    for name in sorted(EVERYONE):
        writes, house.waiting.calls = Writes(), 0
        with undone(), connection.execute_wrapper(writes):
            answer = attempt(row, house.people[name], house)
            if name in row.allowed:
                _assert_served(row, answer, name)
                assert name != "firm_admin" or kept_by_name(name) == [], "a name can be borne by anybody"
            else:
                _assert_refused(row, answer, name)
                assert writes.seen == [], f"{name} left something behind"
        if name not in WORK & row.allowed:
            assert house.waiting.calls == 0, f"{name} had a vendor asked"
            assert not [each for each in writes.seen if each.startswith('INSERT INTO "hub_run"')], (
                f"{name} has a vendor asked later"
            )
        house.look_again()


def _assert_served(row: Row, answer: object, name: str) -> None:
    if row.ends is not None and name not in row.but:
        kind, code = row.ends
        assert type(answer) is kind and answer.code == code, f"{name}: {answer!r}"
    else:
        assert not isinstance(answer, KoblingError), f"{name}: {answer!r}"
        assert answer or not row.shows_nothing, f"{name} is shown nothing"


def _assert_refused(row: Row, answer: object, name: str) -> None:
    if row.shows_nothing:
        assert answer in ([], ()), f"{name} is shown {answer!r}"
    else:
        assert type(answer) is NotFound and answer.code == "not_found", f"{name}: {answer!r}"


def test_a_message_for_a_stranger_is_the_same_as_for_something_that_is_not_there(bench: Bench) -> None:
    people = cast(bench.pair.client)
    with pytest.raises(NotFound) as theirs:
        pairs.find(people["stranger"], "test")
    with pytest.raises(NotFound) as nothing:
        pairs.find(people["stranger"], "no such pair")
    assert theirs.value.summary == nothing.value.summary


def test_roles_in_short(bench: Bench) -> None:
    people = cast(bench.pair.client)
    wanted = {Doing.SEE: SEE, Doing.PLAN: PLAN, Doing.SPEND: SPEND, Doing.WORK: WORK, Doing.SET_UP: SET_UP}
    for doing in Doing:
        assert {name for name, who in people.items() if may(who, doing, bench.pair.client)} == wanted[doing]


@pytest.mark.django_db(transaction=True)
def test_runs_of_others_cannot_be_claimed_twice_or_while_a_connection_is_busy(bench: Bench) -> None:
    first = syncing.sync(Actor.operator(), bench.pair, NOW)
    syncing.sync(Actor.operator(), bench.pair, NOW)
    assert runs.claim("a", NOW) == first.pk
    assert runs.claim("b", NOW) is None, "the second run waits for the connections"
    runs.end(first.pk, runs.new_attempt(first.pk, "a"), runs.DONE, NOW)
    assert runs.claim("b", NOW) is not None
