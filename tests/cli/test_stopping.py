"""Pages are stopped by a flag while they are shown; afterwards a signal is Python's own again, and ends a wait."""

from __future__ import annotations

import os
import signal
from types import SimpleNamespace
from typing import Any

import pytest

from kobling.cli import serving


@pytest.mark.parametrize("which", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_is_a_flag_from_the_address_on_and_once_the_pages_ended_no_longer(
    monkeypatch: pytest.MonkeyPatch, which: signal.Signals
) -> None:
    before = signal.getsignal(which)
    server: Any = SimpleNamespace(should_exit=False, run=lambda sockets: flags.append(server.should_exit))
    flags: list[bool] = []
    monkeypatch.setattr(serving, "_tell_where", lambda _door: "http://x.example")
    serving._until_stopped(server, None, lambda _address: os.kill(os.getpid(), which))  # type: ignore[arg-type]
    assert flags == [True]
    assert signal.getsignal(which) is before
