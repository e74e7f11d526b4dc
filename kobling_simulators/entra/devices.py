"""Signing in on another device: a program shows a code, and a person types it on a page."""

from __future__ import annotations

import html
import random
from collections.abc import Mapping
from dataclasses import dataclass

from kobling_simulators.clock import Clock
from kobling_simulators.entra.directory import App, Directory, User
from kobling_simulators.entra.errors import SignInProblem, missing, no_app
from kobling_simulators.entra.scopes import Wish, read_scope
from kobling_simulators.entra.settings import Settings
from kobling_simulators.wire import Call, Reply

_LIFE, _INTERVAL = 900, 5
_LETTERS = "BCDFGHJKLMNPQRSTVWXZ"


@dataclass(slots=True)
class Device:
    """A program that waits; `user` is who typed its code."""

    app: App
    wish: Wish
    user_code: str
    expires: float
    user: User | None = None


class Devices:
    """Codes of devices.

    Fidelity: assumed dataverse §2 – 15 minutes, asked for every 5 seconds, authorization_pending until then; `auto=1`
    (ours, for tests) lets the handed-out person agree at once
    """

    def __init__(self, clock: Clock, directory: Directory, source: random.Random) -> None:
        self._clock = clock
        self._directory = directory
        self._random = source
        self._waiting: dict[str, Device] = {}

    def begin(self, given: Mapping[str, str], base: str, settings: Settings) -> dict[str, object]:
        """A code for a program, and where a person types it. Raises SignInProblem."""
        app = self._directory.apps.get(given.get("client_id", "").lower())
        if app is None or settings.app_missing:
            raise no_app(given.get("client_id", ""), self._directory.tenant)
        wish = read_scope(given.get("scope", ""), settings.resources)
        user_code = "".join(self._random.choice(_LETTERS) for _ in range(9))
        device_code = f"D.{self._random.getrandbits(256):064x}"
        self._waiting[device_code] = Device(app, wish, user_code, self._clock.now() + _LIFE)
        place = f"{base}/common/oauth2/deviceauth"
        told = f"To sign in, use a web browser to open the page {place} and enter the code {user_code} to authenticate."
        return {
            "user_code": user_code,
            "device_code": device_code,
            "verification_uri": place,
            "verification_url": place,
            "expires_in": _LIFE,
            "interval": _INTERVAL,
            "message": told,
        }

    def page(self, call: Call) -> Reply:
        """Where the code is typed."""
        given = {**call.query, **call.form()}
        wanted = given.get("user_code", "").upper()
        device = next((one for one in self._waiting.values() if one.user_code == wanted), None)
        automatic = call.method == "GET" and given.get("auto") == "1"
        user = self._directory.user if automatic else self._directory.users.get(given.get("username", ""))
        known = user is not None and user.enabled and (automatic or user.password == given.get("password"))
        if device is None or not known or (call.method == "GET" and not automatic):
            return _page(_form(wanted))
        device.user = user
        return _page("<p>You have signed in. You may close this window.</p>")

    def redeem(self, code: str, app: App) -> Device:
        """The device of a code whose person has agreed; it works once. Raises SignInProblem."""
        if not code:
            raise missing("device_code")
        device = self._waiting.get(code)
        if device is None or device.app is not app:
            raise SignInProblem("invalid_grant", 9002313, "Invalid request. Request is malformed or invalid.")
        if self._clock.now() > device.expires:
            raise SignInProblem("expired_token", 70020, "The provided value for the device code has expired.")
        if device.user is None:
            text = "OAuth 2.0 device flow error. Authorization is pending. Continue polling."
            raise SignInProblem("authorization_pending", 70016, text)
        del self._waiting[code]
        return device


def _page(body: str) -> Reply:
    text = f"<!DOCTYPE html><html><head><title>Microsoft Entra (simulated)</title></head><body>{body}</body></html>"
    return Reply(200, text.encode(), "text/html; charset=utf-8")


def _form(code: str) -> str:
    shown = html.escape(code, quote=True)
    return (
        f'<form method="post"><label>Code <input name="user_code" value="{shown}"></label>'
        '<label>Username <input name="username"></label>'
        '<label>Password <input name="password" type="password"></label><button>Next</button></form>'
    )
