"""The page on which a person signs in and agrees: authorization code with PKCE."""

from __future__ import annotations

import html
import random
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlencode, urlsplit

from kobling_simulators.clock import Clock
from kobling_simulators.entra.directory import App, Directory, User
from kobling_simulators.entra.errors import SignInProblem, no_app, no_consent
from kobling_simulators.entra.scopes import Wish, read_scope
from kobling_simulators.entra.settings import Settings
from kobling_simulators.wire import Call, Reply

_CARRIED = (
    "client_id",
    "redirect_uri",
    "response_type",
    "response_mode",
    "scope",
    "state",
    "nonce",
    "prompt",
    "code_challenge",
    "code_challenge_method",
)


@dataclass(frozen=True, slots=True)
class Code:
    """What an authorization code stands for."""

    app: App
    user: User
    redirect_uri: str
    challenge: str
    wish: Wish
    nonce: str
    expires: float


class SigningIn:
    """The authorize endpoint and the codes it gave out.

    Fidelity: known dataverse §2 – authorization code for public and confidential clients, acting as a licensed user
    Fidelity: assumed dataverse §2 – PKCE takes S256 only, and a client without a secret must use it; pages are plain
    forms; `auto=1` (ours, for tests) lets the handed-out person, or the one in login_hint, agree at once
    """

    def __init__(self, clock: Clock, directory: Directory, source: random.Random) -> None:
        self._clock = clock
        self._directory = directory
        self._random = source
        self._codes: dict[str, Code] = {}
        self._used: set[str] = set()

    def authorize(self, call: Call, settings: Settings) -> Reply:
        """GET shows the form (or redirects at once with auto=1); POST of it redirects with code or error."""
        given: Mapping[str, str] = {**call.query, **call.form()}
        try:
            app = self._app(given, settings)
        except SignInProblem as problem:
            return _page(400, f"<h1>Sign in</h1><p>{html.escape(str(problem))}</p>")
        try:
            wish = self._wish(given, app, settings)
            if call.method == "GET" and given.get("prompt") == "none":
                raise SignInProblem(
                    "login_required", 50058, "A silent sign-in request was sent but no user is signed in."
                )
            if call.method == "GET" and given.get("auto") != "1":
                return _page(200, _form(call.path, given))
            if given.get("decision") == "deny":
                raise SignInProblem("access_denied", 65004, "User declined to consent to access the app.")
            user = self._person(given, automatic=call.method == "GET")
            if isinstance(user, str):
                return _page(200, f"<p>{html.escape(user)}</p>" + _form(call.path, given))
            if settings.consent_missing:
                raise no_consent(app.client_id)
        except SignInProblem as problem:
            return _redirect(given, error=problem.error, error_description=str(problem))
        code = f"1.{self._random.getrandbits(256):064x}"
        expires = self._clock.now() + settings.code_life
        challenge, nonce = given.get("code_challenge", ""), given.get("nonce", "")
        self._codes[code] = Code(app, user, given["redirect_uri"], challenge, wish, nonce, expires)
        return _redirect(given, code=code)

    def _app(self, given: Mapping[str, str], settings: Settings) -> App:
        """What is wrong here is shown to the person: a redirect could go to a stranger."""
        redirect = given.get("redirect_uri", "")
        app = self._directory.apps.get(given.get("client_id", ""))
        if app is None or settings.app_missing:
            raise no_app(given.get("client_id", ""), self._directory.tenant)
        known = settings.redirect_uris
        if urlsplit(redirect).scheme not in ("http", "https") or (known and redirect not in known):
            text = (
                f"The redirect URI '{redirect}' specified in the request does not match the redirect URIs configured."
            )
            raise SignInProblem("invalid_request", 50011, text)
        return app

    def _wish(self, given: Mapping[str, str], app: App, settings: Settings) -> Wish:
        if given.get("response_type") != "code":
            raise SignInProblem(
                "unsupported_response_type", 700054, "response_type must be 'code' for the application."
            )
        if given.get("response_mode", "query") != "query":
            raise SignInProblem("invalid_request", 90023, "The response_mode is not supported.")
        challenge = given.get("code_challenge", "")
        if challenge and given.get("code_challenge_method") != "S256":
            raise SignInProblem("invalid_request", 501481, "The code_challenge_method must be S256.")
        if not challenge and not app.secret:
            raise SignInProblem("invalid_request", 9002325, "Proof Key for Code Exchange is required.")
        return read_scope(given.get("scope", ""), settings.resources)

    def _person(self, given: Mapping[str, str], *, automatic: bool) -> User | str:
        """Who signed in, or what to tell them."""
        users = self._directory.users
        if automatic:
            user = users.get(given.get("login_hint", ""), self._directory.user)
        else:
            known = users.get(given.get("username", ""))
            if known is None or known.password != given.get("password"):
                return "AADSTS50126: Error validating credentials due to invalid username or password."
            user = known
        return user if user.enabled else "AADSTS50057: The user account is disabled."

    def redeem(self, text: str) -> Code:
        """What a code stands for; it works once. Raises SignInProblem."""
        if text in self._used:
            raise SignInProblem("invalid_grant", 54005, "OAuth2 Authorization code was already redeemed.")
        code = self._codes.pop(text, None)
        if code is None:
            raise SignInProblem("invalid_grant", 9002313, "Invalid request. Request is malformed or invalid.")
        self._used.add(text)
        if self._clock.now() > code.expires:
            raise SignInProblem("invalid_grant", 70008, "The provided authorization code has expired.")
        return code

    def end_all(self) -> None:
        """Forget the codes."""
        self._codes.clear()


def _redirect(given: Mapping[str, str], **result: str) -> Reply:
    target = given["redirect_uri"]
    if given.get("state"):
        result["state"] = given["state"]
    joint = "&" if urlsplit(target).query else "?"
    return Reply(302, b"", "text/html; charset=utf-8", {"Location": f"{target}{joint}{urlencode(result)}"})


def _page(status: int, body: str) -> Reply:
    text = f"<!DOCTYPE html><html><head><title>Microsoft Entra (simulated)</title></head><body>{body}</body></html>"
    return Reply(status, text.encode(), "text/html; charset=utf-8")


def _form(path: str, given: Mapping[str, str]) -> str:
    hidden = "".join(
        f'<input type="hidden" name="{name}" value="{html.escape(given[name], quote=True)}">'
        for name in _CARRIED
        if name in given
    )
    hint = html.escape(given.get("login_hint", ""), quote=True)
    return (
        f'<form method="post" action="{html.escape(path, quote=True)}">{hidden}'
        f'<label>Username <input name="username" value="{hint}"></label>'
        '<label>Password <input name="password" type="password"></label>'
        '<button name="decision" value="allow">Accept</button>'
        '<button name="decision" value="deny">Cancel</button></form>'
    )
