"""The contract of bad days: limits, faults and nonsense become named errors, and nothing is doubled."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from kobling.records import KoblingError, Misunderstood, SettingsError, Unreachable
from kobling.sdk.conformance_rig import Rig, create, reading, send
from kobling.sdk.outcomes import Confirmed, Declined, NotSent, Outcome, Unknown

_NO_ANSWER: tuple[tuple[str, dict[str, Any]], ...] = (
    ("status", {"status": 503}),
    ("status", {"status": 429}),
    ("status", {"status": 403}),
    ("status", {"status": 404}),
    ("malformed_json", {}),
    ("drop_before", {}),
)


class FaultContract:
    """What every connector promises about faults."""

    async def test_a_limit_is_waited_for_by_reads_and_writes(self, rig: Rig) -> None:
        """Nothing is lost, nothing doubled, nobody sends while waiting."""
        before = await rig.ids()
        await rig.fault("rate_limited", rig.subject.reading, retry_after=7)
        records, _, _ = await reading(rig.resource(), None)
        assert {each.external_id for each in records} == before
        assert rig.clock.slept >= 7
        await rig.fault("rate_limited", rig.subject.creating, retry_after=7)
        (outcome,) = await send(rig.resource(), create(rig, "k1", rig.subject.sample(1)))
        assert outcome.error is None
        assert len(await rig.ids()) == len(before) + 1

    async def test_a_vendors_fault_while_reading_is_tried_again(self, rig: Rig) -> None:
        """Twice in a row."""
        await rig.fault("status", rig.subject.reading, status=503, times=2)
        records, _, _ = await reading(rig.resource(), None)
        assert {each.external_id for each in records} == await rig.ids()

    async def test_a_vendors_fault_while_writing_is_unknown_and_not_tried_again(self, rig: Rig) -> None:
        """One request, one unknown outcome."""
        await rig.fault("status", rig.subject.creating, status=502, times=1)
        before = await rig.ids()
        (outcome,) = await send(rig.resource(), create(rig, "k1", rig.subject.sample(1)))
        assert isinstance(outcome, Unknown), repr(outcome)
        rig.hides_secrets(outcome.error)
        assert await rig.ids() == before

    async def test_a_create_whose_reading_back_fails_is_made_once_and_never_told_as_not_sent(self, rig: Rig) -> None:
        """Whatever fails: the write was applied, and is confirmed or looked up."""
        resource = rig.resource()
        await resource.read(None)
        for number, (kind, more) in enumerate(_NO_ANSWER):
            before = await rig.ids()
            write = create(rig, f"k{number}", rig.subject.sample(number))
            await rig.fault_reading(kind, **more)
            outcomes: list[Outcome] = []
            with suppress(KoblingError):
                await resource.write([write], outcomes.append)
            await rig.mend()
            made = await rig.ids() - before
            assert len(outcomes) == 1, kind
            if made:
                assert isinstance(outcomes[0], Confirmed | Unknown), f"{kind}: {outcomes[0]!r}"
                found = await rig.resource().find_created(write) if isinstance(outcomes[0], Unknown) else outcomes[0]
                assert found is not None and {str(found.external_id)} == made, kind
            else:
                assert not isinstance(outcomes[0], Confirmed), f"{kind}: {outcomes[0]!r}"

    async def test_a_create_that_clashes_is_never_told_as_created(self, rig: Rig) -> None:
        """409: whose record it is, a rule or a person says."""
        before = await rig.ids()
        await rig.fault("status", rig.subject.creating, status=409, times=1)
        (outcome,) = await send(rig.resource(), create(rig, "k1", rig.subject.sample(1)))
        assert isinstance(outcome, Declined | Unknown), repr(outcome)
        assert await rig.ids() == before

    async def test_every_write_of_what_is_refused_as_a_whole_has_an_outcome(self, rig: Rig) -> None:
        """Too large, not understood, not found: nothing was made, and each write says so."""
        for status in (400, 404, 413):
            before = await rig.ids()
            await rig.fault("status", rig.subject.creating, status=status, times=None)
            outcomes: list[Outcome] = []
            writes = [create(rig, f"{status}-{n}", rig.subject.sample(n)) for n in range(3)]
            with suppress(KoblingError):
                await rig.resource().write(writes, outcomes.append)
            await rig.mend()
            assert sorted(each.key for each in outcomes) == sorted(each.key for each in writes)
            assert not any(isinstance(each, Confirmed) for each in outcomes)
            assert await rig.ids() == before

    async def test_a_write_that_is_not_allowed_leaves_an_outcome_for_each(self, rig: Rig) -> None:
        """401 and 403 of the writing alone."""
        for status in (401, 403):
            await rig.fault("status", rig.subject.creating, status=status, times=None)
            outcomes: list[Outcome] = []
            writes = [create(rig, f"{status}-{n}", rig.subject.sample(n)) for n in range(3)]
            with suppress(KoblingError):
                await rig.resource().write(writes, outcomes.append)
            await rig.mend()
            assert sorted(each.key for each in outcomes) == sorted(each.key for each in writes)
            assert all(isinstance(each, Declined | NotSent) for each in outcomes), outcomes

    async def test_a_sign_in_that_ends_while_reading_is_renewed(self, rig: Rig) -> None:
        """Between two pages, and within one."""
        resource = rig.resource()
        await resource.read(None)
        await rig.forget_sign_ins()
        records, _, _ = await reading(resource, None)
        await rig.fault("session_expired", rig.subject.reading)
        again, _, _ = await reading(resource, None)
        expected = await rig.ids()
        assert {each.external_id for each in records} == {each.external_id for each in again} == expected

    async def test_a_sign_in_that_ends_before_a_write_is_renewed_and_the_write_sent_once(self, rig: Rig) -> None:
        """A rejected request was not applied."""
        resource = rig.resource()
        await resource.read(None)
        await rig.forget_sign_ins()
        before = await rig.ids()
        (outcome,) = await send(resource, create(rig, "k1", rig.subject.sample(1)))
        assert outcome.error is None, repr(outcome.error)
        assert len(await rig.ids()) == len(before) + 1

    async def test_broken_json_is_misunderstood(self, rig: Rig) -> None:
        """Said with the vendor's name."""
        error = await self._reading_fails(rig, "malformed_json")
        assert isinstance(error, Misunderstood)

    async def test_a_web_page_is_no_data(self, rig: Rig) -> None:
        """Whatever its status."""
        error = await self._reading_fails(rig, "html_error")
        assert isinstance(error, Unreachable | Misunderstood | SettingsError)

    async def test_an_endless_answer_is_stopped(self, rig: Rig) -> None:
        """In bounded memory."""
        error = await self._reading_fails(rig, "endless_body")
        assert isinstance(error, Misunderstood)

    async def test_a_lost_connection_while_reading_is_tried_again(self, rig: Rig) -> None:
        """Once lost is not lost."""
        await rig.fault("drop_before", rig.subject.reading)
        records, _, _ = await reading(rig.resource(), None)
        assert {each.external_id for each in records} == await rig.ids()

    async def test_a_wrong_sign_in_is_for_a_person_to_fix(self, rig: Rig) -> None:
        """Every error is named, and none shows a secret."""
        for status in (401, 403):
            error = await self._reading_fails(rig, "status", status=status, times=8)
            assert isinstance(error, SettingsError), f"{status}: {error!r}"
            await reading(rig.resource(), None)

    async def _reading_fails(self, rig: Rig, kind: str, times: int = 4, **more: Any) -> KoblingError:
        await rig.fault(kind, rig.subject.reading, times=times, **more)
        for _ in range(times):
            try:
                await reading(rig.resource(), None)
            except KoblingError as error:
                rig.hides_secrets(error)
                await self._use_up(rig)
                return error
        raise AssertionError(f"{kind} went unnoticed")

    async def _use_up(self, rig: Rig) -> None:
        for _ in range(10):
            try:
                await reading(rig.resource(), None)
            except KoblingError as error:
                rig.hides_secrets(error)
            else:
                return
