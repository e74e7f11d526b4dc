"""Log lines that an operator can send in: where it happened, never what anybody's data was."""

from __future__ import annotations

import logging
import os
import subprocess
import sys
from pathlib import Path

import pytest
import structlog

from kobling import log
from kobling.records import Refused

CANARY = "canary-7d1f-bank-account"


@pytest.fixture(autouse=True)
def _verbose() -> None:
    log.set_up(verbose=True)


def failing(secret: str) -> None:
    password = secret
    try:
        raise ValueError(f"bad password {password}")
    except ValueError as cause:
        raise KeyError(password) from cause


def test_a_traceback_keeps_types_and_places_and_no_value(capsys: pytest.CaptureFixture[str]) -> None:
    try:
        failing(CANARY)
    except KeyError as fault:
        structlog.get_logger("kobling.run").error("a step failed", step="execute", exc_info=fault)
    line = capsys.readouterr().err
    assert CANARY not in line and "password" not in line
    assert "KeyError at tests/unit/test_log.py:" in line and "<- ValueError at tests/unit/test_log.py:" in line
    assert "step='execute'" in line


def test_an_error_of_ours_is_told_by_its_sentence_without_its_parameters() -> None:
    told = log.traced(Refused("%(name)s was refused.", name=CANARY, detail=CANARY, vendor_text=CANARY))
    assert "%(name)s was refused." in told and CANARY not in told


def test_a_foreign_frame_is_told_by_its_place_in_its_library(capsys: pytest.CaptureFixture[str]) -> None:
    from django.db import connections

    try:
        connections[CANARY]
    except Exception as fault:  # noqa: BLE001 - whatever the library raises
        structlog.get_logger("x").error("failed", exc_info=fault)
    line = capsys.readouterr().err
    assert CANARY not in line and "django/utils/connection.py:" in line and "site-packages" not in line


def test_lines_of_other_libraries_are_told_by_their_place_alone(capsys: pytest.CaptureFixture[str]) -> None:
    try:
        failing(CANARY)
    except KeyError:
        logging.getLogger("some.library").exception("it was %s", CANARY)
        logging.getLogger("some.library").warning(f"again {CANARY}")
    lines = capsys.readouterr().err
    assert CANARY not in lines
    assert lines.count("logger='some.library'") == 2 and "KeyError at tests/unit/test_log.py:" in lines


def test_what_looks_like_a_secret_by_its_name_is_hidden(capsys: pytest.CaptureFixture[str]) -> None:
    structlog.get_logger("x").warning(f"asked with access_token={CANARY}")
    assert CANARY not in capsys.readouterr().err


@pytest.mark.parametrize(
    "code",
    [
        f"raise RuntimeError('{CANARY}')",
        f"import threading; t = threading.Thread(target=lambda: int('{CANARY}')); t.start(); t.join()",
        f"from kobling.cli import main; main.app = lambda *a, **k: int('{CANARY}'); main.run(['pair', 'list'])",
    ],
    ids=["nobody caught it", "in a thread", "in a command"],
)
def test_no_entry_point_shows_the_text_of_a_fault(code: str, tmp_path: Path) -> None:
    start = "from kobling import log\nlog.set_up(verbose=False)\nlog.hook()\n"
    done = subprocess.run(
        [sys.executable, "-c", start + code],
        env={**os.environ, "KOBLING_DATA": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert CANARY not in done.stdout + done.stderr
    assert "Error at " in done.stderr
