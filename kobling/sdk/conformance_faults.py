"""The contract of bad days: limits, faults and nonsense become named errors, and nothing is doubled."""

from __future__ import annotations

from typing import Any

from kobling.records import KoblingError, Misunderstood, SettingsError, Unreachable
from kobling.sdk.conformance_rig import Rig, create, reading, send
from kobling.sdk.outcomes import Unknown


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
