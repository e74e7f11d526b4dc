"""Which command helps: sentences of the services name none, since people read them on pages and in mails too."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from kobling.pairs.base import SetUpStep, StepKind

_BY_CODE = {
    "no_data_folder": "kobling init",
    "not_begun": "kobling init",
    "no_key_file": "kobling keys renew",
    "numbers_not_compared": "kobling numbers PAIR",
    "switched_off": "kobling market activate %(type)s",
    "departments": "kobling market activate PAIR-TYPE --department NAME",
    "broken_extension": "kobling doctor",
    "claimed_twice": "kobling doctor",
    "answer_columns": "kobling file acknowledge FILE ANSWER --profile @PROFILE.json",
}
_BY_KIND = {"Misunderstood": "kobling probe CONNECTION"}
_BY_STEP = {"numbers": ("numbers",), "file": ("file preview", "file make")}
_OF_A_SYNC = ("review", "plan", "fullsync")
_PLACE = re.compile(r"%\((\w+)\)s")


def for_error(code: str | None, kind: str, params: Mapping[str, Any]) -> str:
    """The command that helps with an error, empty where none is known."""
    hint = _BY_CODE.get(code or "") or _BY_KIND.get(kind, "")
    return hint % params if all(name in params for name in _PLACE.findall(hint)) else ""


def for_step(step: SetUpStep) -> str:
    """The commands that a step of the set-up is done with, beside the set-up itself."""
    names = _OF_A_SYNC if step.kind is StepKind.SYNC else _BY_STEP.get(step.name, ())
    return ", ".join(f"kobling {each}" for each in names)
