"""Codecs for fields that point to other records: the agreed value names the coupling, not either side's id."""

from __future__ import annotations

from typing import Any

from kobling.mapping.codecs import Codec, LeftOut, Resolver, Unresolved, Values


def _asked(resolver: Resolver | None) -> Resolver:
    if resolver is None:
        raise LookupError("a reference can be read only with a resolver")
    return resolver


def reference(mapping: str) -> Codec:
    """A field holding the id of a record that ``mapping`` couples."""

    def read(values: Values, side: str, resolver: Resolver | None) -> Any:
        external_id = values[0]
        if external_id in (None, ""):
            return None
        coupling = _asked(resolver).coupling(mapping, side, external_id)
        if coupling is None:
            raise Unresolved(mapping, external_id)
        return f"{mapping}:{coupling}"

    def write(value: Any, side: str, resolver: Resolver | None) -> Values:
        return (None if value is None else _target(value, side, _asked(resolver)),)

    return Codec(f"reference_{mapping}", read, write)


def soft_reference(mapping: str) -> Codec:
    """A field holding the id of a record that ``mapping`` may couple; one that is not coupled is left alone."""
    inner = reference(mapping)

    def read(values: Values, side: str, resolver: Resolver | None) -> Any:
        try:
            return inner.read(tuple(None if each is None else str(each) for each in values), side, resolver)
        except Unresolved as missing:
            raise LeftOut((missing.mapping, missing.external_id)) from None

    return Codec(f"soft_{inner.name}", read, inner.write)


def numeric(inner: Codec) -> Codec:
    """The same reference on a side whose ids are numbers."""

    def read(values: Values, side: str, resolver: Resolver | None) -> Any:
        return inner.read(tuple(None if each in (None, "", 0) else str(each) for each in values), side, resolver)

    def write(value: Any, side: str, resolver: Resolver | None) -> Values:
        written = (None,) if value is None else inner.write(value, side, resolver)
        return tuple(int(each) if isinstance(each, str) else each for each in written)

    return Codec(f"numeric_{inner.name}", read, write)


def first_reference(*mappings: str) -> Codec:
    """Several fields of which the first filled one counts (field *n* points into mapping *n*).

    Writing fills the field whose mapping the value belongs to and empties none of the others.
    """

    def read(values: Values, side: str, resolver: Resolver | None) -> Any:
        waits: Unresolved | None = None
        for mapping, external_id in zip(mappings, values, strict=False):
            if external_id in (None, ""):
                continue
            coupling = _asked(resolver).coupling(mapping, side, external_id)
            if coupling is not None:
                return f"{mapping}:{coupling}"
            waits = waits or Unresolved(mapping, external_id)
        if waits is not None:
            raise waits
        return None

    def write(value: Any, side: str, resolver: Resolver | None) -> Values:
        if value is None:
            return tuple(KEEP for _ in mappings)
        name, _, _coupling = value.partition(":")
        target = _target(value, side, _asked(resolver))
        return tuple(target if mapping == name else KEEP for mapping in mappings)

    return Codec("first_reference_" + "_".join(mappings), read, write)


def any_reference(*mappings: str) -> Codec:
    """One field that may point into any of the mappings (one resource that several mappings share)."""

    def read(values: Values, side: str, resolver: Resolver | None) -> Any:
        external_id = values[0]
        if external_id in (None, ""):
            return None
        for mapping in mappings:
            coupling = _asked(resolver).coupling(mapping, side, external_id)
            if coupling is not None:
                return f"{mapping}:{coupling}"
        raise Unresolved(mappings[0], external_id)

    def write(value: Any, side: str, resolver: Resolver | None) -> Values:
        return (None if value is None else _target(value, side, _asked(resolver)),)

    return Codec("any_reference_" + "_".join(mappings), read, write)


class _Keep:
    """Marks a vendor field that a codec leaves as it is."""

    def __repr__(self) -> str:
        return "KEEP"


KEEP = _Keep()


def _target(value: Any, side: str, resolver: Resolver) -> str:
    mapping, _, coupling = value.partition(":")
    external_id = resolver.external_id(mapping, side, coupling)
    if external_id is None:
        raise Unresolved(mapping, coupling)
    return external_id
