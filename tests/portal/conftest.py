"""What the portal's tests work on."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.engine.bench import Bench, benches


@pytest.fixture
def bench() -> Iterator[Bench]:
    """Two systems in memory, their pair, and a way to run it."""
    yield from benches()
