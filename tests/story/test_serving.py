"""``kobling serve`` as a process: it prints where to begin, shows pages, works, and stops in good order."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest

from kobling.cli.output import Exit

pytestmark = pytest.mark.story
RUN = "import sys; from kobling.cli.main import run; run()"


@contextmanager
def serving(folder: Path, *arguments: str, command: str = "serve") -> Iterator[subprocess.Popen[str]]:
    told = {name: value for name, value in os.environ.items() if not name.startswith("KOBLING_")}
    told |= {"KOBLING_DATA": str(folder), "KOBLING_LANGUAGE": "en"}
    with subprocess.Popen(
        [sys.executable, "-c", RUN, command, *arguments],
        env=told,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def until(process: subprocess.Popen[str], wanted: str) -> str:
    """What the process says up to a line that fits."""
    assert process.stdout is not None
    said = ""
    for line in process.stdout:
        said += line
        if re.search(wanted, said.replace("\n", " ")):
            return said
    raise AssertionError(f"ended without {wanted!r}: {said}")


def asked(address: str) -> tuple[int, str]:
    try:
        with urlopen(Request(address, headers={"Accept-Language": "da"}), timeout=30) as answer:
            return answer.status, answer.read().decode()
    except HTTPError as refused:
        with refused:
            return refused.code, refused.read().decode()


def test_serve_prints_where_to_begin_and_shows_pages_until_it_is_stopped(tmp_path: Path) -> None:
    with serving(tmp_path / "new", "--port", "0") as process:
        said = until(process, r"Pages at (\S+)\. Stop")
        (link,) = re.findall(r"(http://127\.0\.0\.1:\d+/begin/[\w-]+/)", said.replace("\n", ""))
        status, page = asked(link)
        assert (status, "Velkommen til Kobling" in page) == (200, True)
        root = link.split("/begin/")[0]
        assert asked(f"{root}/static/kobling/kobling.css")[0] == 200
        assert asked(f"{root}/nope/")[0] == 404
        assert "Log ind" in asked(f"{root}/clients/")[1]
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 0
    with serving(tmp_path / "new", "--port", "0") as process:
        again = until(process, r"Pages at (\S+)\. Stop")
        assert link not in again.replace("\n", ""), "a newer link ends the older one"
        process.send_signal(signal.SIGINT)
        assert process.wait(30) == 0


def test_an_address_that_is_taken_is_told(tmp_path: Path) -> None:
    with serving(tmp_path / "one", "--port", "0") as process:
        port = re.findall(r"Pages at http://127\.0\.0\.1:(\d+)", until(process, "Pages at"))[0]
        with serving(tmp_path / "two", "--port", port) as second:
            assert "Nobody can listen at" in until(second, "Nobody can listen")
            assert second.wait(30) == Exit.SETTINGS


def test_pages_alone_need_postgresql(tmp_path: Path) -> None:
    with serving(tmp_path / "one", command="web") as process:
        assert "use ‘serve’" in until(process, "use ‘serve’")
        assert process.wait(30) == Exit.SETTINGS
