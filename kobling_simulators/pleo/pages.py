"""What an admin sees while an app asks for access."""

from __future__ import annotations

import html
from collections.abc import Mapping
from urllib.parse import parse_qs, urlencode

from kobling_simulators.wire import Call, Reply

_CARRIED = ("client_id", "redirect_uri", "response_type", "scope", "state", "code_challenge", "code_challenge_method")


def back(given: Mapping[str, str], **result: str) -> Reply:
    """To the app's redirect, with state."""
    if given.get("state"):
        result["state"] = given["state"]
    glue = "&" if "?" in given["redirect_uri"] else "?"
    return Reply(302, b"", "text/html", {"Location": f"{given['redirect_uri']}{glue}{urlencode(result)}"})


def page(status: int, body: str) -> Reply:
    """A page of the sign-in service."""
    text = f"<!DOCTYPE html><html><head><title>Pleo (simulated)</title></head><body>{body}</body></html>"
    return Reply(status, text.encode(), "text/html; charset=utf-8")


def form(given: Mapping[str, str], names: Mapping[str, str], problem: str = "") -> str:
    """Who the admin is, and which companies the app may see."""
    hidden = "".join(
        f'<input type="hidden" name="{name}" value="{html.escape(given.get(name, ""), quote=True)}">'
        for name in _CARRIED
    )
    options = "".join(
        f'<option value="{key}"{"" if at else " selected"}>{html.escape(name)}</option>'
        for at, (key, name) in enumerate(names.items())
    )
    return (
        f'{f"<p>{problem}</p>" if problem else ""}<form method="post" action="/oauth/authorize">{hidden}'
        '<label>E-mail <input name="username"></label><label>Password <input name="password" type="password"></label>'
        f'<label>Companies <select name="company" multiple>{options}</select></label>'
        '<button name="decision" value="allow">Allow</button><button name="decision" value="deny">Deny</button></form>'
    )


def picked(call: Call, names: Mapping[str, str]) -> tuple[str, ...]:
    """The companies that were ticked, in the order of the page; the first one when none was."""
    given = parse_qs(call.body.decode("utf-8", "replace")).get("company", [])
    getall = getattr(call.query, "getall", None)
    if not given and "company" in call.query:
        given = getall("company") if getall else [call.query["company"]]
    return tuple(key for key in names if key in given) or tuple(names)[:1]
