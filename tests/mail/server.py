"""A mail server of the test's own, which keeps what it takes and answers as it is told."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

from aiosmtpd.controller import Controller

OK = "250 OK"


@dataclass
class Post:
    """``on_rcpt`` and ``on_data`` say what is answered to a mail; ``taken`` is what was."""

    taken: list[EmailMessage] = field(default_factory=list)
    on_rcpt: Callable[[str], str] = field(default=lambda _to: OK)
    on_data: Callable[[EmailMessage], str] = field(default=lambda _mail: OK)
    port: int = 0

    async def handle_RCPT(self, _server: Any, _session: Any, envelope: Any, address: str, _options: Any) -> str:
        answer = self.on_rcpt(address)
        if answer == OK:
            envelope.rcpt_tos.append(address)
        return answer

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:
        mail = message_from_bytes(envelope.original_content, policy=policy.default)
        assert isinstance(mail, EmailMessage)
        answer = self.on_data(mail)
        if answer == OK:
            self.taken.append(mail)
        return answer

    @property
    def ids(self) -> list[str]:
        return [str(each["Message-ID"]) for each in self.taken]


class _AnyPort(Controller):
    """Listens where there is room, and says where."""

    def _trigger_server(self) -> None:
        self.port = self.server.sockets[0].getsockname()[1]
        super()._trigger_server()


@contextmanager
def posting() -> Iterator[Post]:
    post = Post()
    controller = _AnyPort(post, hostname="127.0.0.1", port=0)
    controller.start()
    post.port = controller.port
    try:
        yield post
    finally:
        controller.stop()
