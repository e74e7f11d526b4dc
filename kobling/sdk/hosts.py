"""Which addresses a connector may talk to: the vendor's own over https, others only with the operator's word."""

from __future__ import annotations

import re
from collections.abc import Iterable
from urllib.parse import SplitResult, urlsplit

from kobling.records import N_, SettingsError

_DEFAULT_PORTS = {"https": 443, "http": 80}
_STRANGE = re.compile(r"[\s\\\x00-\x1f\x7f]")
_HOST = re.compile(r"[a-z0-9]([a-z0-9._-]*[a-z0-9])?|[0-9a-f:.]+")


def parse_allow_hosts(text: str) -> tuple[str, ...]:
    """Read the value of KOBLING_ALLOW_HOSTS: ``host`` (any port) or ``host:port``, separated by commas."""
    return tuple(each.strip().lower() for each in text.split(",") if each.strip())


def checked_base_url(
    url: str, *, vendor: str, hosts: Iterable[str], allow_hosts: Iterable[str] = (), setting: str = "base_url"
) -> str:
    """Return the address without a trailing slash if we may talk to it.

    ``hosts`` are the vendor's own names (``*.example.com`` means any name below it), reached by https on the usual
    port. Anything else, and plain http, needs its host in ``allow_hosts``. Raises SettingsError saying what to set.
    """
    parts = _split(url, vendor, setting)
    host = parts.hostname or ""
    port = parts.port or _DEFAULT_PORTS[parts.scheme]
    allowed = set(allow_hosts)
    listed = host in allowed or f"{host}:{port}" in allowed or f"[{host}]:{port}" in allowed
    if not listed:
        usual_port = port == _DEFAULT_PORTS[parts.scheme]
        if not usual_port or not any(_fits(host, pattern) for pattern in hosts):
            name = host if usual_port else f"{host}:{port}"
            raise SettingsError(
                N_(
                    "%(host)s is not one of %(vendor)s's own addresses. If it is right, the operator of Kobling adds "
                    "%(host)s to KOBLING_ALLOW_HOSTS."
                ),
                field=setting,
                code="host_not_allowed",
                host=name,
                vendor=vendor,
            )
        if parts.scheme != "https":
            raise SettingsError(
                N_("The address must begin with https://; %(host)s would receive your keys unprotected."),
                field=setting,
                code="https_needed",
                host=host,
            )
    return url.strip().rstrip("/")


def same_origin(one: str, other: str) -> bool:
    """Whether two addresses have the same scheme, host and port; what is no address has none in common."""
    try:
        return _origin(one) == _origin(other)
    except ValueError:
        return False


def _split(url: str, vendor: str, setting: str) -> SplitResult:
    try:
        parts = urlsplit(url.strip())
        port = parts.port
    except ValueError:
        raise _not_an_address(vendor, setting) from None
    host = parts.hostname or ""
    if (
        _STRANGE.search(url.strip())
        or parts.scheme not in _DEFAULT_PORTS
        or not _HOST.fullmatch(host)
        or port == 0
        or parts.query
        or parts.fragment
    ):
        raise _not_an_address(vendor, setting)
    if "@" in parts.netloc:
        raise SettingsError(
            N_("The address must not hold a user name or password; they have fields of their own."),
            field=setting,
            code="userinfo",
        )
    return parts


def _not_an_address(vendor: str, setting: str) -> SettingsError:
    return SettingsError(
        N_("Enter the address of %(vendor)s in the form https://name.example, without anything behind it."),
        field=setting,
        code="not_an_address",
        vendor=vendor,
    )


def _fits(host: str, pattern: str) -> bool:
    if pattern.startswith("*."):
        return host.endswith(pattern[1:]) and len(host) > len(pattern) - 1
    return host == pattern


def _origin(url: str) -> tuple[str, str, int]:
    parts = urlsplit(url)
    return parts.scheme, parts.hostname or "", parts.port or _DEFAULT_PORTS.get(parts.scheme, 0)
