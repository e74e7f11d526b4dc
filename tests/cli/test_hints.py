"""Errors and steps of the set-up come with the command that helps; each of these commands there is."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from typer.main import get_command

from kobling.cli import hints
from kobling.cli.main import app, load_commands
from kobling.pairs.registry import pair_types
from tests.cli.test_which_client import _commands


@pytest.mark.django_db
def test_every_command_that_is_named_exists() -> None:
    load_commands()
    known = {" ".join(each) for each in _commands(get_command(app))}
    named = [*hints._BY_CODE.values(), *hints._BY_KIND.values()]
    steps = [step for kind in pair_types().values() for step in kind.set_up]
    named += [each for step in steps for each in hints.for_step(step).split(", ") if each]
    assert len(named) > 10
    for text in named:
        words = text.removeprefix("kobling ").split()
        assert " ".join(words[:2]) in known or words[0] in known, text


def test_a_hint_whose_place_cannot_be_filled_is_not_given() -> None:
    assert hints.for_error("switched_off", "SettingsError", {}) == ""
    assert hints.for_error("switched_off", "SettingsError", {"type": "x-y"}) == "kobling market activate x-y"
    assert hints.for_error(None, "Refused", {}) == ""


def test_an_error_names_the_command_in_json_and_in_text(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "kobling.cli.main", "pair", "list"]
    environment = {"KOBLING_DATA": str(tmp_path / "nowhere"), "PATH": "/usr/bin"}
    told = subprocess.run([*command, "--json"], env=environment, capture_output=True, text=True, check=False)
    assert json.loads(told.stdout)["error"]["command"] == "kobling init"
    said = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert "kobling init" in said.stderr
