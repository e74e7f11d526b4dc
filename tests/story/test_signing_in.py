"""Signing in on the vendor's page from the command line: code and PKCE at Visma Connect."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path
from urllib.parse import parse_qs, urlsplit
from urllib.request import HTTPErrorProcessor, Request, build_opener

import pytest

from kobling.cli.output import Exit
from tests.story.world import KOBLING, World

pytestmark = pytest.mark.story
REDIRECT = "http://localhost:8642/signed-in"


class KeepRedirects(HTTPErrorProcessor):
    """Gives redirects back instead of following them."""

    def http_response(self, request: object, response: object) -> object:  # type: ignore[override]
        return response


def sign_in(url: str) -> str:
    """What a browser does at Visma: consent, and be sent back."""
    with build_opener(KeepRedirects).open(Request(f"{url}&auto=1"), timeout=30) as answer:
        return str(answer.headers["Location"])


def connect(world: World, answer: str | None = None) -> tuple[int, str, str]:
    given = world.dinero.credentials
    url = world.dinero.url
    settings = {
        "sign_in": "visma_connect",
        "organization_id": given["organization_id"],
        "client_id": given["visma_client_id"],
        "client_secret": given["visma_client_secret"],
        "base_url": url,
        "token_url": f"{url}/connect/token",
        "authorize_url": f"{url}/connect/authorize",
    }
    process = subprocess.Popen(
        [*KOBLING, "connect", "dinero", *(f"{k}={v}" for k, v in settings.items()), "--json"],
        env=world.environment(),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdin and process.stderr and process.stdout
    shown = ""
    while "/connect/authorize" not in shown:
        line = process.stderr.readline()
        assert line, "no address was shown"
        shown = line.strip()
    assert parse_qs(urlsplit(shown).query)["code_challenge_method"] == ["S256"]
    out, err = process.communicate((answer or sign_in(shown)) + "\n", timeout=60)
    return process.returncode, out, err


def test_a_person_signs_in_at_visma_and_the_connection_works(tmp_path: Path) -> None:
    with World(tmp_path / "data", records=2) as world:
        code, out, err = connect(world)
        assert code == Exit.OK, err
        assert json.loads(out)["account_name"] == "Kobling Prøvefirma ApS"
        world.kobling("test", "dinero")
        stored = b"".join(path.read_bytes() for path in tmp_path.rglob("*.sqlite3*"))
        assert world.dinero.credentials["visma_client_secret"].encode() not in stored


def test_an_address_of_another_sign_in_is_refused(tmp_path: Path) -> None:
    with World(tmp_path / "data", records=2) as world:
        code, out, _ = connect(world, f"{REDIRECT}?code=abc&state=someone-elses")
        assert code == Exit.SETTINGS
        assert re.search("does not belong", out)
        assert world.kobling("connections", "--json") == []
