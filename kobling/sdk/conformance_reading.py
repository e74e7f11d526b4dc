"""The contract of reading: everything, once, and nothing missed whatever moves meanwhile."""

from __future__ import annotations

import json
from collections.abc import Sequence
from unittest import SkipTest

from kobling.records import KoblingError, NotThere, Record
from kobling.sdk.conformance_rig import Rig, people, reading
from kobling.sdk.conformance_spoiling import another_text, one_record
from kobling.sdk.paging import all_ids, pages
from kobling.sdk.protocols import Connector, Countable, Deletions, Page, Resource
from kobling.sdk.shapes import SHAPES


class ReadingContract:
    """What every connector promises about reading."""

    async def test_it_is_a_connector_whose_test_names_the_account(self, rig: Rig) -> None:
        """The account's own name is echoed, so that a person sees it is the right one."""
        connector: Connector = rig.open()
        assert (await connector.check()).account_name
        assert isinstance(connector.resources[rig.subject.resource], Resource)

    async def test_an_account_is_told_from_every_other_for_good(self, rig: Rig) -> None:
        """The same for every connector that is opened on it, no secret, and another one when the vendor says so."""
        identity = (await rig.open().check()).identity
        if not identity:
            raise SkipTest("the vendor tells no identity")
        assert (await rig.open().check()).identity == identity
        assert not any(secret in identity for secret in rig.secrets)
        spoiling = rig.spoiling()
        with spoiling.spoilt(another_text(identity.rpartition("/")[2])):
            try:
                other = (await rig.open().check()).identity
            except KoblingError:
                return
        if not spoiling.changed:
            raise SkipTest("an account is told by its address")
        assert other != identity

    async def test_one_record_that_cannot_be_read_costs_no_other_of_its_page(self, rig: Rig) -> None:
        """First, in the middle or last; it is told, and read by itself once it can be."""
        made = await people(rig, range(3))
        for bad, instead in ((made[0], {}), (made[1], "none"), (made[2], {"?": [[]]})):
            with rig.spoiling().spoilt(one_record(rig.subject.id_key, bad, instead)):
                read = [page async for page in pages(rig.resource(), None)]
                listed = await _listed(rig.resource())
            ids = {each.external_id for page in read for each in page.records}
            assert await rig.ids() - ids == {bad}, f"{instead!r} instead of one record costs others"
            assert any(page.unread for page in read), "what could not be read is told"
            assert listed is None or bad in listed, "what cannot be read has not vanished"
            assert [each.external_id for each in await rig.resource().get_many([bad])] == [bad]

    async def test_a_full_reading_gives_every_record(self, rig: Rig) -> None:
        """No record missing; one comes twice only as the same."""
        await people(rig, range(3))
        records, _, _ = await reading(rig.resource(), None)
        assert _once(records) == await rig.ids()

    async def test_the_same_bookmark_read_again_gives_the_same_again(self, rig: Rig) -> None:
        """By one connector: a page that broke off, or could not be stored, is read once more."""
        await people(rig, range(rig.subject.page + 5))
        resource = rig.resource()
        mark = None
        for _ in range(4):
            page = await resource.read(mark)
            ahead = await resource.read(page.bookmark) if page.more else None
            again = await resource.read(mark)
            assert _seen(again) == _seen(page)
            if ahead is None:
                return
            assert _seen(await resource.read(page.bookmark)) == _seen(ahead)
            mark = page.bookmark

    async def test_changes_read_again_from_the_same_bookmark_are_the_same_again(self, rig: Rig) -> None:
        """What was delivered once is delivered again to who asks again."""
        resource = _changed_since(rig)
        _, _, mark = await reading(resource, None)
        await rig.pass_time(10)
        made = set(await people(rig, range(rig.subject.page + 5)))
        first, _, _ = await reading(resource, mark)
        again, _, _ = await reading(resource, mark)
        assert made <= _once(first) == _once(again)

    async def test_an_unchanged_reading_gives_no_more_than_the_overlap(self, rig: Rig) -> None:
        """Cost grows with what changed, not with what exists."""
        resource = _changed_since(rig)
        await rig.pass_time(60)
        last = await rig.add(rig.subject.sample(1))
        _, _, mark = await reading(resource, None)
        records, gone, mark = await reading(resource, mark)
        assert {each.external_id for each in records} <= {last}
        records, gone, _ = await reading(resource, mark)
        assert {each.external_id for each in records} <= {last}
        assert len(gone) <= 1

    async def test_a_change_is_seen_and_a_new_record_too(self, rig: Rig) -> None:
        """Changed since, both kinds."""
        resource = _changed_since(rig)
        old = await rig.add(rig.subject.sample(1))
        _, _, mark = await reading(resource, None)
        await rig.pass_time(5)
        await rig.edit(old, rig.subject.change)
        new = await rig.add(rig.subject.sample(2))
        records, _, _ = await reading(resource, mark)
        found = {each.external_id: each for each in records}
        assert {old, new} <= set(found)
        name, value = next(iter(rig.subject.change.items()))
        assert found[old].fields[name] == value

    async def test_a_change_during_the_reading_is_seen_in_it_or_in_the_next(self, rig: Rig) -> None:
        """A record that was read already and then changed is seen again."""
        resource = _changed_since(rig)
        ids = await people(rig, range(5))
        first = await resource.read(None)
        await rig.pass_time(3)
        touched = first.records[0].external_id if first.records else ids[0]
        await rig.edit(touched, rig.subject.change)
        seen, _, mark = await reading(resource, first.bookmark) if first.more else ([], [], first.bookmark)
        more, _, _ = await reading(resource, mark)
        name, value = next(iter(rig.subject.change.items()))
        assert any(each.external_id == touched and each.fields[name] == value for each in [*seen, *more])
        everything = {each.external_id for each in [*first.records, *seen, *more]}
        assert everything == await rig.ids()

    async def test_a_change_in_the_same_second_as_the_last_one_seen_is_not_missed(self, rig: Rig) -> None:
        """Clocks with whole seconds hide the second of two changes from a strict comparison."""
        resource = _changed_since(rig)
        await rig.stop_time()
        one = await rig.add(rig.subject.sample(1))
        _, _, mark = await reading(resource, None)
        other = await rig.add(rig.subject.sample(2))
        records, _, mark = await reading(resource, mark)
        assert other in {each.external_id for each in records}
        await rig.edit(one, rig.subject.change)
        records, _, _ = await reading(resource, mark)
        assert one in {each.external_id for each in records}

    async def test_more_changes_in_one_second_than_fit_on_a_page_are_all_read(self, rig: Rig) -> None:
        """A page boundary among equal time stamps."""
        resource = _changed_since(rig)
        _, _, mark = await reading(resource, None)
        await rig.pass_time(10)
        await rig.stop_time()
        count = rig.subject.page * 2 + rig.subject.page // 2
        made = set(await people(rig, range(count)))
        records, _, _ = await reading(resource, mark)
        assert made <= {each.external_id for each in records}
        records, _, _ = await reading(rig.resource(), None)
        assert _once(records) == await rig.ids()

    async def test_a_deletion_shows_by_feed_or_by_sweep(self, rig: Rig) -> None:
        """By whichever the capabilities name."""
        resource = rig.resource()
        way = resource.capabilities.deletions
        if way is Deletions.NONE:
            raise SkipTest("deletions are not told")
        kept, lost = await people(rig, range(2))
        _, _, mark = await reading(resource, None)
        await rig.pass_time(5)
        await rig.remove(lost)
        records, gone, mark = await reading(resource, mark)
        assert lost not in {each.external_id for each in records}
        if way is Deletions.FEED:
            assert lost in {each.external_id for each in gone}
        ids = [each async for each in all_ids(resource)]
        assert kept in ids
        assert sorted(ids) == sorted(await rig.ids())
        if isinstance(resource, Countable):
            assert await resource.count() == len(ids)
        assert [each.external_id for each in await resource.get_many([kept, lost])] == [kept]

    async def test_a_missing_record_is_not_there(self, rig: Rig) -> None:
        """NotThere, and left out of many."""
        resource = rig.resource()
        lost = await rig.add(rig.subject.sample(1))
        await rig.remove(lost)
        try:
            await resource.get(lost)
        except NotThere as error:
            rig.hides_secrets(error)
        else:
            raise AssertionError("a deleted record was read")
        assert list(await resource.get_many([lost])) == []

    async def test_the_bookmark_survives_a_restart_at_any_page(self, rig: Rig) -> None:
        """A fresh connector goes on from a bookmark that went through the database."""
        if not rig.resource().capabilities.changed_since:
            raise SkipTest("every reading is a full one")
        await people(rig, range(rig.subject.page + 5))
        found: set[str] = set()
        mark = None
        for _ in range(50):
            page = await rig.resource().read(mark)
            found |= {each.external_id for each in page.records}
            mark = json.loads(json.dumps(dict(page.bookmark)))
            if not page.more:
                break
        assert found == await rig.ids()
        await rig.pass_time(5)
        new = await rig.add(rig.subject.sample(9999))
        records, _, _ = await reading(rig.resource(), mark)
        assert new in {each.external_id for each in records}

    async def test_a_vendors_clock_ten_minutes_ahead_loses_nothing(self, rig: Rig) -> None:
        """Cursors are the vendor's own time."""
        await self._with_clocks_apart(rig, 600)

    async def test_a_vendors_clock_ten_minutes_behind_loses_nothing(self, rig: Rig) -> None:
        """Cursors are the vendor's own time."""
        await self._with_clocks_apart(rig, -600)

    async def _with_clocks_apart(self, rig: Rig, seconds: float) -> None:
        await rig.skew(seconds)
        resource = _changed_since(rig)
        _, _, mark = await reading(resource, None)
        for n in range(2):
            await rig.pass_time(5)
            made = await rig.add(rig.subject.sample(n))
            records, _, mark = await reading(rig.resource(), mark)
            assert made in {each.external_id for each in records}

    async def test_describing_names_the_fields_a_create_needs(self, rig: Rig) -> None:
        """Every sample field is described, every required one is in the sample."""
        fields = await rig.resource().describe()
        sample = rig.subject.sample(1)
        assert set(sample) <= set(fields)
        assert {name for name, each in fields.items() if each.required} <= set(sample)


async def _listed(resource: Resource) -> set[str] | None:
    """All ids that a sweep finds; None where it breaks off, so that nothing is taken for gone."""
    try:
        return {each async for each in all_ids(resource)}
    except (KoblingError, *SHAPES):
        return None


def _once(records: Sequence[Record]) -> set[str]:
    """The ids read; a record that came twice must have come as the same."""
    found: dict[str, Record] = {}
    for each in records:
        assert found.setdefault(each.external_id, each).fields == each.fields, each.external_id
    return set(found)


def _seen(page: Page) -> list[str]:
    return [each.external_id for each in page.records]


def _changed_since(rig: Rig) -> Resource:
    resource = rig.resource()
    if not resource.capabilities.changed_since:
        raise SkipTest("every reading is a full one")
    return resource
