"""What other packages add to Kobling by entry points: found by name, and told by name where it cannot be used."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from importlib.metadata import Distribution, EntryPoint, distributions
from types import MappingProxyType
from typing import Generic, TypeVar

from kobling.records import N_, SettingsError

OURSELVES = "kobling"
_LONGEST = 200
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class LeftOut:
    """An offer of another package that is not used; ``error`` says why, to whoever asks for it by ``name``."""

    name: str
    error: SettingsError


@dataclass(frozen=True, slots=True)
class Offers(Generic[T]):
    """What there is by name, the package that each one comes from, and what was left out."""

    found: Mapping[str, T]
    packages: Mapping[str, str]
    left_out: tuple[LeftOut, ...] = ()


@dataclass(frozen=True, slots=True)
class _Offer:
    point: EntryPoint
    package: str


def gather(group: str, own: Mapping[str, T], read: Callable[[str, object], T], spelling: re.Pattern[str]) -> Offers[T]:
    """Our own and those that other packages offer in an entry point group, in alphabetical order.

    ``read(name, loaded)`` gives the thing, or raises TypeError for what is none. A package that is broken leaves the
    others alone; a name that several packages claim is used by none of them, unless it is our own.
    """
    claims: dict[str, list[_Offer]] = {}
    left_out: list[LeftOut] = []
    for offer in _offered(group, left_out):
        claims.setdefault(offer.point.name, []).append(offer)
    found, packages = dict(own), dict.fromkeys(own, OURSELVES)
    for name, offers in sorted(claims.items()):
        if name in own or len(offers) > 1:
            left_out.append(LeftOut(name, _claimed(name, offers, ours=name in own)))
            continue
        (only,) = offers
        try:
            if not spelling.fullmatch(name):
                raise TypeError(f"a name must be spelled {spelling.pattern}")
            found[name] = read(name, only.point.load())
        except (Exception, SystemExit) as fault:  # noqa: BLE001 - somebody else's code, which must not stop ours
            left_out.append(LeftOut(name, _unusable(name, only.package, fault)))
        else:
            packages[name] = only.package
    return Offers(MappingProxyType(dict(sorted(found.items()))), MappingProxyType(packages), tuple(left_out))


def without(offers: Offers[T], name: str, error: SettingsError) -> Offers[T]:
    """The same but for one that turned out not to be usable."""
    found = MappingProxyType({each: offer for each, offer in offers.found.items() if each != name})
    return Offers(found, offers.packages, (*offers.left_out, LeftOut(name, error)))


def _offered(group: str, left_out: list[LeftOut]) -> Iterator[_Offer]:
    """Entry points of every package but our own; of one that is installed twice the one that is imported."""
    packages = list(distributions())
    if not any(_may_offer(each, group) for each in packages):
        return
    seen: set[str] = set()
    for each in packages:
        package = ""
        try:
            package = str(each.name)
            mark = _normal(package)
            if mark in seen:
                continue
            seen.add(mark)
            points = [point for point in _points(each) if point.group == group]
        except Exception as fault:  # noqa: BLE001 - metadata that somebody broke must not stop what is whole
            left_out.append(LeftOut(package, _unusable(package or "?", package or "?", fault)))
            continue
        if mark != OURSELVES:
            yield from (_Offer(point, package) for point in points)


def _may_offer(package: Distribution, group: str) -> bool:
    """Told by one small file: to parse what every package says of itself takes longer than the rest of the start."""
    try:
        return group in (package.read_text("entry_points.txt") or "")
    except Exception:  # noqa: BLE001 - looked at closely, and told, by who asked
        return True


def _points(package: Distribution) -> list[EntryPoint]:
    return list(package.entry_points)


def _normal(package: str) -> str:
    return re.sub(r"[-_.]+", "-", package).lower()


def _claimed(name: str, offers: list[_Offer], *, ours: bool) -> SettingsError:
    packages = ", ".join(sorted({each.package for each in offers} | ({OURSELVES} if ours else set())))
    if ours:
        summary = N_("“%(name)s” is offered by the packages %(packages)s. Only Kobling's own is used.")
    else:
        summary = N_("“%(name)s” is offered by the packages %(packages)s. None is used until a single one offers it.")
    return SettingsError(summary, name=name, packages=packages, code="claimed_twice")


def _unusable(name: str, package: str, fault: BaseException) -> SettingsError:
    return SettingsError(
        N_("“%(name)s” of the package %(package)s cannot be used. Whoever made the package can mend it."),
        name=name,
        package=package,
        code="broken_extension",
        detail=f"{type(fault).__name__}: {fault}"[:_LONGEST],
    )
