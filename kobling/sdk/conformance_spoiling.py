"""Answers spoilt on their way from a vendor: one record that is none, or another account in all of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from kobling.records import from_json, to_json
from kobling.sdk.transport import Answer, Transport

Spoil = Callable[[bytes], bytes]


class SpoilingTransport(Transport):
    """Another transport whose answers can be changed; ``changed`` counts those that were."""

    def __init__(self, inner: Transport) -> None:
        self.clock = inner.clock
        self.changed = 0
        self._inner = inner
        self._spoil: Spoil | None = None

    async def send(
        self, method: str, url: str, data: Any, headers: Mapping[str, str], *, vendor: str, cap: int | None = None
    ) -> Answer:
        """Send it on; the answer comes back as asked for."""
        answer = await self._inner.send(method, url, data, headers, vendor=vendor, cap=cap)
        if self._spoil is None:
            return answer
        body = self._spoil(answer.body)
        self.changed += body != answer.body
        return Answer(answer.status, answer.headers, body)

    @contextmanager
    def spoilt(self, spoil: Spoil) -> Iterator[None]:
        """Answers are spoilt while this lasts."""
        self.changed, self._spoil = 0, spoil
        try:
            yield
        finally:
            self._spoil = None


def one_record(key: str, external_id: str, instead: object) -> Spoil:
    """Wherever the record of that id stands in an answer, something else does. What is no JSON stays."""

    def put(found: Any) -> Any:
        if isinstance(found, dict):
            if str(found.get(key)) == external_id:
                return instead
            return {name: put(value) for name, value in found.items()}
        return [put(each) for each in found] if isinstance(found, list) else found

    def spoil(body: bytes) -> bytes:
        try:
            told = from_json(body)
        except ValueError:
            return body
        changed = put(told)
        return body if changed == told else to_json(changed)

    return spoil


def another_text(text: str) -> Spoil:
    """Wherever the text stands in an answer, another one of its length does."""
    other = text[:-1] + ("0" if text[-1] != "0" else "1")
    return lambda body: body.replace(text.encode(), other.encode())
