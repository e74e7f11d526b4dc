"""One record that cannot be read is told by itself; what concerns them all is raised."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from kobling.records import (
    Misunderstood,
    NotReached,
    NotThere,
    RateLimited,
    Record,
    Refused,
    SettingsError,
    SignInExpired,
    Unreachable,
)
from kobling.sdk.protocols import Page, Unread
from kobling.sdk.reading import (
    each_read,
    found_of,
    ids_on,
    last_with,
    raise_for,
    records_of,
    rows_in,
    told_apart,
    tolerant,
)

ODD = Misunderstood("odd")
EVERYBODYS = [SignInExpired("401"), RateLimited("429"), NotReached("gone")]


def record(external_id: str) -> Record:
    return Record("r", external_id, {})


def ids(found) -> list[str]:
    return [each.external_id for each in found]


def test_a_row_that_is_no_object_is_an_empty_one():
    assert rows_in([{"a": 1}, None, "x", [1], {}], "Vendor") == [{"a": 1}, {}, {}, {}, {}]


@pytest.mark.parametrize("told", [{"a": 1, "b": 2}, "rows", None, 7, ({},)])
def test_an_answer_that_is_no_list_has_no_rows_to_read_on_from(told):
    with pytest.raises(Misunderstood) as caught:
        rows_in(told, "Vendor", "path")
    assert str(caught.value) == "Vendor did not answer with a list. [path]"


def test_rows_are_told_apart_by_their_ids_and_those_without_one_are_unread():
    found, unread = told_apart([{"id": 7, "a": 1}, {"a": 2}, {"id": ""}, {"id": 8}], "id")
    assert found == {"7": {"id": 7, "a": 1}, "8": {"id": 8}}
    assert [(each.external_id, each.error.code, each.error.detail) for each in unread] == [("", "nameless", "id")] * 2


def test_rows_that_all_name_no_id_are_no_page_to_read_on_from():
    assert [each.external_id for each in told_apart([{"a": 1}], "id")[1]] == [""]
    with pytest.raises(Misunderstood) as caught:
        told_apart([{}, {}], "id")
    assert caught.value.code == "nameless"


def test_what_is_wrong_is_raised_for_a_wanted_record_or_a_nameless_one():
    raise_for([Unread("2", ODD)], ["1", "3"])
    for unread in ([Unread("2", Refused("x")), Unread("3", ODD)], [Unread("2", Refused("x")), Unread("", ODD)]):
        with pytest.raises(Misunderstood) as caught:
            raise_for(unread, ["1", "3"])
        assert caught.value is ODD


def test_the_last_row_that_has_all_that_is_asked_for_next_is_taken():
    rows = [{"a": 1, "b": 1}, {"a": 2, "b": 2}, {"a": 3}, {"b": 4, "a": 0}]
    assert last_with(rows, "a", "b") == rows[1] and last_with(rows, "a") == rows[2]
    assert last_with([{"a": 3}], "a", "b", otherwise={"a": 9}) == {"a": 9}
    with pytest.raises(Misunderstood) as caught:
        last_with([{"a": 3}], "a", "b")
    assert (caught.value.code, caught.value.detail) == ("nameless", "a, b")


def test_ids_of_a_page_are_those_of_its_unreadable_records_as_well():
    assert ids_on(Page([record("1")], {}, False, unread=[Unread("2", ODD)])) == ["1", "2"]
    with pytest.raises(Misunderstood) as caught:
        ids_on(Page([record("1")], {}, False, unread=[Unread("2", Refused("x")), Unread("", ODD)]))
    assert caught.value is ODD


def make(row):
    if isinstance(row, Exception):
        raise row
    return record(row)


@pytest.mark.parametrize(
    "error",
    [ODD, ValueError("x"), TypeError("x"), KeyError("x"), AttributeError("x"), IndexError("x"), RecursionError("x")],
)
def test_a_row_that_is_no_record_is_told_beside_the_others(error):
    found, unread = records_of(["1", error, error, error], make, lambda row: row if row == "1" else "bad")
    assert ids(found) == ["1"] and ids(unread) == ["bad"] * 3
    assert {each.error.code for each in unread} == {None if error is ODD else "shape"}
    assert {type(each.error) for each in unread} == {Misunderstood}


@pytest.mark.parametrize(("bad", "raised"), [(0, False), (1, False), (2, True), (3, True)])
def test_where_no_row_is_a_record_it_is_not_the_rows(bad, raised):
    if raised:
        with pytest.raises(Misunderstood):
            records_of([ODD] * bad, make, str)
    else:
        assert len(records_of([ODD] * bad, make, str)[1]) == bad


@pytest.mark.parametrize(("name", "told"), [(lambda _: None, ""), (lambda row: row["id"], ""), (lambda _: 7, "7")])
def test_an_unread_row_is_named_where_it_can_be(name, told):
    assert ids(records_of([ODD], make, name)[1]) == [told]


def test_a_refusal_while_reading_rows_concerns_them_all():
    with pytest.raises(SettingsError):
        records_of(["1", SettingsError("403")], make, str)


async def read(**answers):
    async def get(external_id):
        return make(answers[external_id])

    return await each_read(list(answers), get)


@pytest.mark.parametrize("error", [ODD, Refused("no"), SettingsError("403"), ValueError("x"), KeyError("x")])
async def test_a_record_that_cannot_be_read_is_told_beside_the_others(error):
    found, unread = await read(a="1", b=error, c="3")
    assert ids(found) == ["1", "3"] and ids(unread) == ["b"]
    assert unread[0].error is error or unread[0].error.code == "shape"


async def test_a_record_that_is_not_there_is_left_out():
    assert await read(a=NotThere("gone"), b=NotThere("gone"), c=NotThere("gone")) == ([], [])


@pytest.mark.parametrize("error", [*EVERYBODYS, Unreachable("503"), ZeroDivisionError()])
async def test_what_concerns_them_all_breaks_off(error):
    with pytest.raises(type(error)) as caught:
        await read(a="1", b=error)
    assert caught.value is error


@pytest.mark.parametrize("error", [*EVERYBODYS, Unreachable("503")])
async def test_a_record_that_the_vendor_fails_at_again_and_again_is_told_where_that_is_borne(error):
    with tolerant():
        if isinstance(error, Unreachable) and not isinstance(error, NotReached):
            found, unread = await read(a="1", b=error)
            assert ids(found) == ["1"] and unread == [Unread("b", error)]
        else:
            with pytest.raises(type(error)):
                await read(a="1", b=error)
    with pytest.raises(type(error)):
        await read(a="1", b=error)


async def test_where_not_one_can_be_read_the_first_reason_is_raised():
    with pytest.raises(Misunderstood) as caught:
        await read(a=ODD, b=Refused("no"))
    assert caught.value is ODD
    assert await read(a=ODD) == ([], [Unread("a", ODD)])


class Source:
    """Gives some by their ids, or fails at that; and each by itself, which may fail as well."""

    def __init__(self, many, by_all=False, **one):
        self.many, self.one, self.asked = many, one, []
        self.capabilities = SimpleNamespace(many_by_all=by_all)

    async def get_many(self, external_ids):
        if isinstance(self.many, Exception):
            raise self.many
        return [record(each) for each in self.many]

    async def get(self, external_id):
        self.asked.append(external_id)
        return make(self.one[external_id])


async def test_what_is_left_out_is_asked_for_once_more_by_itself():
    source = Source(["a"], b="b", c=NotThere("gone"), d=ODD, e=KeyError("x"), f="\x00", g=Unreachable("503"))
    found = await found_of(source, list("gfedcba"))
    assert source.asked == list("bcdefg")
    assert ids(found.records) == ["a", "b"] and found.gone == ["c"]
    assert ids(found.unread) == ["d", "e", "", "g"] and found.unread[1].error.code == "shape"


async def test_where_everything_was_read_anyway_what_is_left_out_is_gone():
    source = Source(["a", "\x00"], by_all=True)
    found = await found_of(source, ["c", "b", "a"])
    assert (ids(found.records), found.gone, ids(found.unread), source.asked) == (["a"], ["b", "c"], [""], [])


@pytest.mark.parametrize("error", [ODD, Refused("no"), SettingsError("403"), NotThere("x"), KeyError("x")])
@pytest.mark.parametrize("by_all", [True, False])
async def test_where_several_cannot_be_had_at_once_each_is_asked_for(error, by_all):
    source = Source(error, by_all, a="a", b=NotThere("gone"))
    found = await found_of(source, ["a", "b"])
    assert (ids(found.records), found.gone, source.asked) == (["a"], ["b"], ["a", "b"])


@pytest.mark.parametrize("error", [*EVERYBODYS, Unreachable("503")])
async def test_what_concerns_more_than_one_is_raised(error):
    source = Source(error)
    with pytest.raises(type(error)):
        await found_of(source, ["a"])
    assert source.asked == []


@pytest.mark.parametrize("error", EVERYBODYS)
async def test_what_concerns_more_than_one_is_raised_from_a_single_one_as_well(error):
    with pytest.raises(type(error)):
        await found_of(Source([], a=error), ["a"])
