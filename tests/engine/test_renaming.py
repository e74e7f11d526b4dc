"""A vendor that gives a record another id when it is posted keeps the record, and so do its coupling and its source."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import replace

import pytest

from kobling.engine import renaming
from kobling.hub.models import Coupling
from kobling.hub.store.journal import Fenced
from kobling.mapping import Direction, FieldMapping, Side, end
from kobling.records import N_, Record, Unsafe
from kobling.sdk.memory import MemoryResource
from kobling.sdk.outcomes import Confirmed, Outcome
from kobling.sdk.protocols import Bookmark, Deletions, Page, Report, Told, Write
from tests.engine.bench import CUSTOMERS, Bench, benches
from tests.engine.test_telling import HandingOut

pytestmark = pytest.mark.django_db(transaction=True)


class Posting(MemoryResource):
    """Contacts that get another id once their state is “posted”: by our write, or by a person's hand."""

    def __init__(self, plain: MemoryResource) -> None:
        self.__dict__ = plain.__dict__
        self.capabilities = replace(plain.capabilities, deletions=Deletions.NONE)

    async def read(self, bookmark: Bookmark | None) -> Page:
        """Drafts alone; nobody tells that one is gone."""
        page = await super().read(bookmark)
        drafts = [each for each in page.records if each.fields.get("State") != "posted"]
        return replace(page, records=drafts, gone=())

    def post(self, external_id: str) -> Record:
        fields = dict(self._row(external_id).record.fields)
        self.remove(external_id)
        return self.put({**fields, "State": "posted"}, f"BOG-{external_id}")

    async def write(self, writes: list[Write], report: Report) -> None:  # type: ignore[override]
        def posted(outcome: Outcome) -> None:
            if isinstance(outcome, Confirmed) and outcome.record and outcome.record.fields.get("State") == "posted":
                record = self.post(outcome.external_id)
                outcome = Confirmed(outcome.key, record.external_id, record)
            report(outcome)

        await super().write(writes, posted)

    async def became(self, known: Record, taken: Collection[str]) -> Record | None:
        found = [each for each in self.all() if each.fields["Name"] == known.fields["Name"]]
        free = [each for each in found if each.external_id not in taken]
        if len(free) > 1:
            raise Unsafe(N_("Several records could be the same one."))
        return free[0] if free else None


STATE = FieldMapping("state", end("state"), end("State"))


@pytest.fixture
def bench() -> Iterator[Bench]:
    for bench in benches():
        bench.left.resources["companies"] = HandingOut(bench.companies)
        bench.right.resources["contacts"] = Posting(bench.contacts)
        bench.change("customers", fields=(*CUSTOMERS.fields, STATE), reports={}, direction=Direction.TO_RIGHT)
        yield bench


def vendor(bench: Bench) -> Posting:
    found = bench.contacts
    assert isinstance(found, Posting)
    return found


def heard(bench: Bench, external_id: str) -> Told:
    source = bench.companies
    assert isinstance(source, HandingOut)
    return source.results[external_id]


def again(bench: Bench) -> None:
    """It is handed out once more."""
    source = bench.companies
    assert isinstance(source, HandingOut)
    source.results.clear()
    bench.run()


def named() -> str:
    return str(Coupling.objects.get().right_id)


def test_what_our_own_write_renamed_is_known_and_told_by_its_new_id(bench: Bench) -> None:
    made = bench.companies.put({"title": "Alfa", "state": "draft"}).external_id
    bench.run()
    new = f"BOG-{named()}"
    bench.companies.edit(made, {"state": "posted"})
    again(bench)
    assert (named(), heard(bench, made).target_id) == (new, new)
    sent = len(bench.contacts.sent)
    again(bench)
    assert (len(bench.contacts.sent), heard(bench, made).done, bench.issues()) == (sent, True, [])


def test_what_a_person_posted_by_hand_is_looked_for_and_told_by_its_new_id(bench: Bench) -> None:
    made = bench.companies.put({"title": "Alfa", "state": "draft"}).external_id
    bench.run()
    new = vendor(bench).post(named()).external_id
    again(bench)
    assert (named(), heard(bench, made).done) == (new, True)
    assert len(bench.contacts.all()) == 1


def test_several_that_could_be_it_are_nobodys_and_the_source_hears_that_it_is_gone(bench: Bench) -> None:
    made = bench.companies.put({"title": "Alfa", "state": "draft"}).external_id
    bench.run()
    bench.contacts.put({"Name": "Alfa"}, "BOG-77")
    before = named()
    vendor(bench).post(before)
    again(bench)
    assert (named(), heard(bench, made).done) == (before, False)


def test_what_is_coupled_with_another_one_is_not_taken(bench: Bench) -> None:
    first = bench.companies.put({"title": "Alfa", "cvr": "1", "state": "draft"}).external_id
    second = bench.companies.put({"title": "Alfa", "cvr": "2", "state": "draft"}).external_id
    bench.run()
    names = dict(Coupling.objects.values_list("left_id", "right_id"))
    for each in (first, second):
        vendor(bench).post(names[each])
        again(bench)
    renamed = dict(Coupling.objects.values_list("left_id", "right_id"))
    assert renamed == {each: f"BOG-{names[each]}" for each in (first, second)}


def test_an_attempt_that_was_overtaken_renames_nothing(bench: Bench) -> None:
    bench.companies.put({"title": "Alfa", "state": "draft"})
    run = bench.run()
    before = named()
    vendor(bench).post(before)
    table = bench.opener.benches(bench.pair)["customers"]
    old = renaming.Attempt(run.pk, -1, bench.clock.now())
    with pytest.raises(Fenced):
        renaming.follow(table, Side.RIGHT, bench.contacts, [before], bench.waiting, old)
    assert named() == before


def test_a_lost_answer_to_the_write_that_renamed_it_is_found(bench: Bench) -> None:
    made = bench.companies.put({"title": "Alfa", "state": "draft"}).external_id
    bench.run()
    bench.companies.edit(made, {"state": "posted"})
    bench.contacts.mischief.lost_answers = 1
    new = f"BOG-{named()}"
    original = vendor(bench)._send

    def lost(write: Write) -> Outcome:
        outcome = original(write)
        if write.fields.get("State") == "posted":
            vendor(bench).post(str(write.external_id))
        return outcome

    vendor(bench)._send = lost  # type: ignore[method-assign]
    bench.run()
    bench.run()
    assert (named(), [each.external_id for each in bench.contacts.all()]) == (new, [new])
