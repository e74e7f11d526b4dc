"""Nothing that is not understood counts as saved: options, tables, fields, rules, and what an option names."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

import pytest
from django.utils import translation

from kobling.access.policy import Actor
from kobling.cli import output
from kobling.hub.models import Connection
from kobling.hub.services import pairs
from kobling.hub.store.health import kept
from kobling.mapping import Side
from kobling.pairs.base import Named, Option
from kobling.pairs.shaping import shape_all
from kobling.pairs.simply_crm_dinero.pair import PAIR as SIMPLY_CRM
from kobling.records import SettingsError, Unreachable
from tests.engine.bench import CUSTOMERS, ORDERS, Bench, benches

pytestmark = pytest.mark.django_db(transaction=True)
WHO = Actor.operator("opsaetter")
ACCOUNT = Option("account", "Account", "", names=Named(Side.RIGHT, "contacts", "Number"))


@pytest.fixture
def bench() -> Iterator[Bench]:
    for made in benches():
        kind = made.opener.pair_types["memory"]
        made.opener.pair_types = {"memory": replace(kind, options=(*kind.options, ACCOUNT))}
        yield made


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"fields": {"custmers": {"name": None}}}, "custmers"),
        ({"policies": {"custmers": {"conflict": "left"}}}, "custmers"),
        ({"tables": {"customers": {"enbled": False}}}, "enbled"),
        ({"fields": {"customers": {"nmae": None}}}, "nmae"),
        ({"fields": {"customers": {"nmae": {"left": "title"}}}}, "nmae"),
        ({"fields": {"customers": {"name": {"lft": "title"}}}}, "lft"),
        ({"policies": {"customers": {"conflct": "left"}}}, "conflct"),
        ({"policies": {"customers": {"fields": {"nmae": "left"}}}}, "nmae"),
    ],
)
def test_what_is_misspelt_is_named(options: Mapping[str, Any], said: str) -> None:
    with pytest.raises(SettingsError) as refused:
        shape_all([CUSTOMERS, ORDERS], options, {})
    assert (refused.value.code, refused.value.params["name"]) == ("not_known", said)


def test_a_field_of_ones_own_needs_both_ends() -> None:
    wish = {"fields": {"customers": {"phone": {"left": "phone", "right": "Phone"}}}}
    assert "phone" in {each.key for each in shape_all([CUSTOMERS], wish, {})["customers"].fields}


def test_fields_without_a_mapping_of_ones_own_are_refused() -> None:
    options = SIMPLY_CRM.with_defaults({"fields": {"contacts": {"phone": None}}})
    with pytest.raises(SettingsError) as refused:
        SIMPLY_CRM.mappings(options, {})
    assert refused.value.code == "not_custom"


def test_an_account_that_is_not_in_the_chart_is_refused_and_nothing_is_kept(bench: Bench) -> None:
    bench.contacts.put({"Name": "Alfa", "Number": "1000"})
    with pytest.raises(SettingsError) as refused:
        pairs.configure(WHO, bench.pair, bench.opener, {"account": "9999"})
    assert (refused.value.field, refused.value.params["value"]) == ("account", "9999")
    bench.pair.refresh_from_db()
    assert "account" not in bench.pair.options


@pytest.mark.parametrize("mirrored", [True, False])
def test_one_that_is_there_is_kept_whether_it_was_read_yet_or_not(bench: Bench, mirrored: bool) -> None:
    bench.run()
    bench.contacts.put({"Name": "Alfa", "Number": 1000})
    if mirrored:
        bench.run()
    bench.contacts.calls.clear()
    pairs.configure(WHO, bench.pair, bench.opener, {"account": "1000"})
    assert bench.pair.options["account"] == "1000"
    assert bool(bench.contacts.calls) is not mirrored, "the system is asked only when the mirror does not know"


def test_what_cannot_be_looked_up_now_is_not_kept(bench: Bench) -> None:
    bench.contacts.mischief.outage = Unreachable("down")
    with pytest.raises(Unreachable):
        pairs.configure(WHO, bench.pair, bench.opener, {"account": "1000"})
    bench.pair.refresh_from_db()
    assert "account" not in bench.pair.options


def test_the_failure_of_the_last_run_is_told_with_the_pair(bench: Bench) -> None:
    assert pairs.status(WHO, bench.pair).failure is None
    bench.companies.mischief.outage = SettingsError("The key is wrong.", code="key")
    bench.companies.put({"title": "Alfa"})
    assert bench.run().state in ("failed", "stopped")
    told = pairs.status(WHO, bench.pair).failure
    assert told is not None and told["summary"] == "The key is wrong."
    bench.companies.mischief.outage = None
    bench.run()
    assert pairs.status(WHO, bench.pair).failure is None


def test_why_a_connection_is_red_is_kept_as_a_sentence_with_its_parameters(bench: Bench) -> None:
    wrong = SettingsError("The key of %(system)s is wrong.", code="key", system="100 %")
    Connection.objects.filter(pk=bench.pair.left_id).update(**kept(wrong))
    bench.pair.left.refresh_from_db()
    told = pairs.status(WHO, bench.pair)
    why = told.reason.params["why"]
    assert not told.green and (why.text, why.params) == ("The key of %(system)s is wrong.", {"system": "100 %"})
    with translation.override("da"):
        assert output.in_words(told.reason) == "left: The key of 100 % is wrong."
        bench.pair.left.healthy, bench.pair.left.health_text = None, ""
        assert output.in_words(pairs.status(WHO, bench.pair).reason) == "left: endnu ikke testet"
