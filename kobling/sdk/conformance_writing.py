"""The contract of writing: what was asked, once, read back; refused, unknown and stale told apart."""

from __future__ import annotations

from dataclasses import replace
from unittest import SkipTest

from kobling.records import NotThere, Refused, StaleVersion, Unsafe, is_empty
from kobling.sdk.conformance_rig import Rig, create, created, same, send
from kobling.sdk.outcomes import Unknown
from kobling.sdk.protocols import Operation, Write

HARD = "Åse Ærø-Øst & Søn’s „Smørrebrød“ <b>O'Brien</b> 中文 ; -- € %s {x}"
"""Text that quoting, escaping and encoding love to break; no 4-byte characters, some databases lose those."""


class WritingContract:
    """What every connector promises about writing."""

    async def test_a_created_record_is_read_back_as_written(self, rig: Rig) -> None:
        """Field by field, by the outcome and by a fresh reading."""
        sample = rig.subject.sample(1)
        record = await created(rig, "k1", sample)
        again = await rig.resource().get(record.external_id)
        for name, value in sample.items():
            assert same(value, record.fields.get(name)), name
            assert same(value, again.fields.get(name)), name
        assert record.version == again.version

    async def test_an_update_changes_what_it_names_and_nothing_else(self, rig: Rig) -> None:
        """A field that was not sent is not cleared."""
        sample = rig.subject.sample(1)
        made = await created(rig, "k1", sample)
        write = Write("k2", Operation.UPDATE, rig.subject.change, made.external_id, made.version)
        (outcome,) = await send(rig.resource(), write)
        assert outcome.error is None, repr(outcome.error)
        now = await rig.resource().get(made.external_id)
        for name, value in {**sample, **rig.subject.change}.items():
            assert same(value, now.fields.get(name)), name

    async def test_an_emptied_field_becomes_empty_and_the_others_stay(self, rig: Rig) -> None:
        """Absent, empty and value are three things."""
        sample = rig.subject.sample(1)
        made = await created(rig, "k1", sample)
        assert not is_empty(made.fields[rig.subject.clear])
        write = Write("k2", Operation.UPDATE, {rig.subject.clear: ""}, made.external_id, made.version)
        (outcome,) = await send(rig.resource(), write)
        assert outcome.error is None, repr(outcome.error)
        now = await rig.resource().get(made.external_id)
        assert is_empty(now.fields.get(rig.subject.clear))
        assert same(sample[rig.subject.text], now.fields.get(rig.subject.text))

    async def test_text_survives_with_every_letter(self, rig: Rig) -> None:
        """Letters, quotes and markup."""
        made = await created(rig, "k1", {**rig.subject.sample(1), rig.subject.text: HARD})
        assert (await rig.resource().get(made.external_id)).fields[rig.subject.text] == HARD

    async def test_a_deleted_record_is_gone(self, rig: Rig) -> None:
        """And a second deletion says NotThere."""
        if not rig.resource().capabilities.delete:
            raise SkipTest("nothing is deleted here")
        made = await created(rig, "k1", rig.subject.sample(1))
        first, second = [
            (await send(rig.resource(), Write(key, Operation.DELETE, external_id=made.external_id)))[0]
            for key in ("k2", "k3")
        ]
        assert first.error is None, repr(first.error)
        assert isinstance(second.error, NotThere)
        assert made.external_id not in await rig.ids()

    async def test_many_writes_are_each_sent_and_reported_once(self, rig: Rig) -> None:
        """And no more at once than the connector says."""
        before = await rig.ids()
        count = 30
        outcomes = await send(rig.resource(), *[create(rig, f"k{n}", rig.subject.sample(n)) for n in range(count)])
        assert [each.error for each in outcomes] == [None] * count
        made = {str(each.external_id) for each in outcomes}
        assert len(made) == count
        assert await rig.ids() == before | made
        assert (await rig.counters())["max_concurrent"] <= rig.concurrency

    async def test_one_refused_record_stops_no_other_and_its_field_is_named(self, rig: Rig) -> None:
        """Refused, not unknown."""
        if not rig.subject.refused:
            raise SkipTest("nothing is refused here")
        bad = create(rig, "bad", {**rig.subject.sample(1), **rig.subject.refused})
        outcomes = await send(
            rig.resource(), create(rig, "a", rig.subject.sample(2)), bad, create(rig, "b", rig.subject.sample(3))
        )
        assert [each.error is None for each in outcomes] == [True, False, True]
        error = outcomes[1].error
        assert isinstance(error, Refused)
        assert error.field == rig.subject.refused_field
        rig.hides_secrets(error)

    async def test_a_version_that_moved_is_stale_and_nothing_is_overwritten(self, rig: Rig) -> None:
        """For updates and for deletions."""
        resource = rig.resource()
        if not resource.capabilities.version_token:
            raise SkipTest("there are no versions here")
        made = await created(rig, "k1", rig.subject.sample(1))
        await rig.pass_time(5)
        await rig.edit(made.external_id, {rig.subject.text: "a person was here first"})
        update = Write("k2", Operation.UPDATE, rig.subject.change, made.external_id, made.version)
        delete = Write("k3", Operation.DELETE, external_id=made.external_id, expected=made.version)
        for write in (update, delete):
            (outcome,) = await send(resource, write)
            assert isinstance(outcome.error, StaleVersion), repr(outcome.error)
        now = await resource.get(made.external_id)
        assert now.fields[rig.subject.text] == "a person was here first"

    async def test_a_create_can_be_found_by_its_write(self, rig: Rig) -> None:
        """What was made is found, what was not is None."""
        write = create(rig, "k1", rig.subject.sample(1))
        resource = rig.resource()
        assert await resource.find_created(write) is None
        (outcome,) = await send(resource, write)
        found = await rig.resource().find_created(write)
        assert found is not None
        assert found.external_id == outcome.external_id
        assert await rig.resource().find_created(create(rig, "k2", rig.subject.sample(2))) is None

    async def test_what_a_person_changed_before_it_was_looked_for_is_not_told_as_not_made(self, rig: Rig) -> None:
        """It is found, or a person is asked: making it again would double it."""
        write = create(rig, "k1", rig.subject.sample(1))
        await rig.fault("applied_then_dropped", rig.subject.creating)
        before = await rig.ids()
        await send(rig.resource(), write)
        (made,) = await rig.ids() - before
        await rig.pass_time(5)
        await rig.edit(made, rig.subject.change)
        try:
            found = await rig.resource().find_created(write)
        except Unsafe:
            return
        assert found is not None and found.external_id == made

    async def test_what_another_create_made_is_not_found_for_this_one(self, rig: Rig) -> None:
        """Two records that say the same are told apart by what is known to be somebody's already."""
        if rig.resource().capabilities.idempotent_create:
            raise SkipTest("the id is chosen by the caller")
        first, second = (create(rig, key, rig.subject.sample(1)) for key in ("k1", "k2"))
        (outcome,) = await send(rig.resource(), first)
        taken = replace(second, taken=frozenset({str(outcome.external_id)}))
        try:
            found = await rig.resource().find_created(taken)
        except Unsafe:
            return
        assert found is None or found.external_id != outcome.external_id

    async def test_the_same_create_twice_never_makes_two_where_that_is_promised(self, rig: Rig) -> None:
        """The id is chosen by the caller."""
        if not rig.resource().capabilities.idempotent_create:
            raise SkipTest("not promised")
        before = await rig.ids()
        write = create(rig, "k1", rig.subject.sample(1))
        await send(rig.resource(), write)
        await send(rig.resource(), write)
        assert len(await rig.ids()) == len(before) + 1

    async def test_an_answer_lost_after_the_create_is_unknown_then_found(self, rig: Rig) -> None:
        """Never a second record."""
        before = await rig.ids()
        await rig.fault("applied_then_dropped", rig.subject.creating)
        write = create(rig, "k1", rig.subject.sample(1))
        (outcome,) = await send(rig.resource(), write)
        assert isinstance(outcome, Unknown), repr(outcome)
        rig.hides_secrets(outcome.error)
        found = await rig.resource().find_created(write)
        assert found is not None
        assert await rig.ids() == before | {found.external_id}

    async def test_a_request_lost_before_the_create_made_nothing(self, rig: Rig) -> None:
        """Unknown too, and the look finds nothing."""
        before = await rig.ids()
        await rig.fault("drop_before", rig.subject.creating)
        write = create(rig, "k1", rig.subject.sample(1))
        (outcome,) = await send(rig.resource(), write)
        assert isinstance(outcome, Unknown), repr(outcome)
        assert await rig.resource().find_created(write) is None
        assert await rig.ids() == before
