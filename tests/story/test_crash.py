"""Killed at every write boundary by a real SIGKILL, the next start ends with nothing lost and nothing doubled."""

from __future__ import annotations

import signal
from collections import Counter

import pytest

from tests.story.world import PAIR, World

pytestmark = pytest.mark.story

BOUNDARIES = [
    "observed:2",
    "bookmarked:3",
    "planned:1",
    "planned:5",
    "journaled:1",
    "journaled:4",
    "answered:1",
    "answered:6",
    "recorded:1",
    "recorded:5",
]


@pytest.mark.parametrize("boundary", BOUNDARIES)
def test_a_kill_at_a_boundary_loses_and_doubles_nothing(
    world: World, undisturbed: dict[str, Counter[str]], boundary: str
) -> None:
    killed = world.begin("sync", PAIR, KOBLING_CRASH_AT=boundary)
    assert killed.wait(timeout=120) == -signal.SIGKILL, "the boundary was never reached"
    world.finish()
    assert world.names() == undisturbed


@pytest.mark.parametrize(
    ("system", "match"),
    [
        ("dinero", {"method": "POST", "path_regex": "/contacts$"}),
        ("dinero", {"method": "POST", "path_regex": "/products$"}),
        ("dinero", {"method": "POST", "path_regex": "/invoices$"}),
        ("simply_crm", {"operation": "create"}),
    ],
)
@pytest.mark.parametrize("kind", ["hold_before", "hold_after"])
def test_a_kill_while_the_vendor_works_loses_and_doubles_nothing(
    world: World, undisturbed: dict[str, Counter[str]], system: str, match: dict[str, str], kind: str
) -> None:
    vendor = world.crm if system == "simply_crm" else world.dinero
    world.fault(vendor, kind=kind, match=match, times=1, skip=2)
    process = world.begin("sync", PAIR)
    world.until_held(vendor, process)
    process.kill()
    process.wait(timeout=30)
    world.control(vendor, "DELETE", "faults")
    world.control(vendor, "POST", "faults/release")
    world.finish()
    assert world.names() == undisturbed


@pytest.mark.parametrize(
    "faults",
    [
        pytest.param([{"kind": "applied_then_dropped", "probability": 0.05, "times": None}], id="answers lost"),
        pytest.param([{"kind": "rate_limited", "probability": 0.2, "times": 25, "retry_after": 1}], id="429 storm"),
        pytest.param([{"kind": "status", "status": 503, "probability": 0.1, "times": 25}], id="faults of the vendor"),
    ],
)
def test_a_disturbed_run_ends_with_nothing_lost_and_nothing_doubled(
    world: World, undisturbed: dict[str, Counter[str]], faults: list[dict[str, object]]
) -> None:
    for vendor in (world.crm, world.dinero):
        for fault in faults:
            world.fault(vendor, **fault)
    world.kobling("sync", PAIR, expect=None)
    for vendor in (world.crm, world.dinero):
        world.control(vendor, "DELETE", "faults")
    world.finish()
    assert world.names() == undisturbed


@pytest.mark.parametrize("minutes", [-10, 10])
def test_a_vendors_clock_that_is_off_loses_nothing(
    world: World, undisturbed: dict[str, Counter[str]], minutes: int
) -> None:
    for vendor in (world.crm, world.dinero):
        world.control(vendor, "POST", "clock", {"offset": minutes * 60})
    try:
        world.finish()
        assert world.names() == undisturbed
    finally:
        for vendor in (world.crm, world.dinero):
            world.control(vendor, "POST", "clock", {"offset": 0})


def test_sessions_and_tokens_that_end_in_the_middle_are_renewed(
    world: World, undisturbed: dict[str, Counter[str]]
) -> None:
    for vendor in (world.crm, world.dinero):
        for passed in (15, 25, 40):
            world.fault(vendor, kind="session_expired", match={}, times=1, skip=passed)
    world.finish()
    assert world.names() == undisturbed
