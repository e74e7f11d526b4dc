"""One conversation with a mail server, told apart by the one thing that counts: whether it may have taken the mail."""

from __future__ import annotations

import re
import smtplib
import ssl
from collections.abc import Callable
from contextlib import suppress

from django.conf import settings

from kobling.mail.message import by_letters, sender
from kobling.mail.queue import Answer
from kobling.records import N_
from kobling.records.errors import keepable

LAST_ANSWER_SECONDS = 600
"""How long a server may take once it has a mail whole (RFC 5321, 4.5.3.2.6): giving up sooner leaves mails unknown."""

_ENCRYPTED_FROM_THE_START = 465
_LONGEST = 300
_ADDRESS = re.compile(r"[^\s<>()\[\],;:\"]+@[^\s<>()\[\],;:\"]+")
_DOT = re.compile(rb"(?m)^\.")
_GOOD, _GOES_ON, _CLOSING, _FOR_GOOD = (250, 251), 354, 421, 500


class Trouble(Exception):
    """The mail was not taken, or not surely. ``answer``: what the server said, in words."""

    def __init__(self, sentence: str, **params: str) -> None:
        super().__init__(sentence)
        self.answer = Answer(sentence, params)


class NotNow(Trouble):
    """Not taken; it can be tried again later."""


class Refusal(Trouble):
    """Not taken, and never will be."""


class NoServer(Trouble):
    """Nobody answers, or no longer. ``at_the_door``: it was no mail's own fault, and holds for all of them."""

    at_the_door = False


class NotKnown(Trouble):
    """Sent whole, and no answer came."""


class Conversation:
    """A connection over which several mails go. Use as a context manager; raises NoServer where there is none."""

    _smtp: smtplib.SMTP

    def __enter__(self) -> Conversation:
        try:
            self._smtp = _connected()
        except (OSError, smtplib.SMTPException) as fault:
            raise _at_the_door(fault) from None
        try:
            self._introduce()
        except (OSError, smtplib.SMTPException) as fault:
            self._smtp.close()
            raise _at_the_door(fault) from None
        return self

    def __exit__(self, *_: object) -> None:
        try:
            self._smtp.quit()
        except (OSError, smtplib.SMTPException):
            self._smtp.close()

    def _introduce(self) -> None:
        if settings.EMAIL_USE_TLS and settings.EMAIL_PORT != _ENCRYPTED_FROM_THE_START:
            self._smtp.starttls(context=ssl.create_default_context())
        self._smtp.ehlo_or_helo_if_needed()
        if settings.EMAIL_HOST_USER:
            self._smtp.login(settings.EMAIL_HOST_USER, settings.EMAIL_HOST_PASSWORD)

    def deliver(self, to: str, message: bytes, before_its_end: Callable[[], None]) -> None:
        """Hand one mail over. ``before_its_end`` is called when all but its end is sent: until then it is not taken.

        Raises Trouble, or what ``before_its_end`` raises; then the mail was not taken either.
        """
        try:
            self._offer(to, message)
        except (OSError, smtplib.SMTPException) as fault:
            raise _no_server(fault) from None
        try:
            before_its_end()
        except BaseException:
            # Without its end, the server drops what it has.
            self._smtp.close()
            raise
        self._judge(*self._end(), Refusal)

    def _offer(self, to: str, message: bytes) -> None:
        self._judge(*self._smtp.mail(sender()), NotNow)
        self._judge(*self._smtp.rcpt(by_letters(to)), Refusal)
        code, said = self._smtp.docmd("DATA")
        if code != _GOES_ON:
            self._judge(code, said, Refusal)
        self._smtp.send(_DOT.sub(b"..", message))

    def _end(self) -> tuple[int, bytes]:
        try:
            if self._smtp.sock is not None:
                self._smtp.sock.settimeout(LAST_ANSWER_SECONDS)
            self._smtp.send(b".\r\n")
            return self._smtp.getreply()
        except (OSError, smtplib.SMTPException):
            self._smtp.close()
            raise NotKnown(
                N_("The connection broke before the mail server said whether it took the mail. It may have arrived.")
            ) from None
        finally:
            if self._smtp.sock is not None:
                self._smtp.sock.settimeout(settings.EMAIL_TIMEOUT)

    def _judge(self, code: int, said: bytes, for_good: type[Trouble]) -> None:
        if code in _GOOD:
            return
        told = in_words(code, said)
        if code == _CLOSING:
            self._smtp.close()
            raise NoServer(N_("The mail server said: %(answer)s"), answer=told)
        with suppress(OSError):
            self._smtp.rset()
        kind = for_good if code >= _FOR_GOOD else NotNow
        raise kind(N_("The mail server said: %(answer)s"), answer=told)


def in_words(code: int, said: bytes | str) -> str:
    """A server's answer on one line, without anybody's address."""
    text = said.decode("utf-8", "replace") if isinstance(said, bytes) else said
    return f"{code} {_bare(text)}"[:_LONGEST]


def _bare(text: str) -> str:
    return _ADDRESS.sub("…", " ".join(keepable(text).split()))


def _connected() -> smtplib.SMTP:
    host, port, patience = settings.EMAIL_HOST, settings.EMAIL_PORT, settings.EMAIL_TIMEOUT
    if port == _ENCRYPTED_FROM_THE_START:
        return smtplib.SMTP_SSL(host, port, timeout=patience, context=ssl.create_default_context())
    return smtplib.SMTP(host, port, timeout=patience)


def _at_the_door(fault: Exception) -> NoServer:
    found = _no_server(fault)
    found.at_the_door = True
    return found


def _no_server(fault: Exception) -> NoServer:
    if isinstance(fault, smtplib.SMTPAuthenticationError):
        told = in_words(fault.smtp_code, fault.smtp_error)
        return NoServer(N_("The mail server refused the sign-in: %(answer)s"), answer=told)
    if isinstance(fault, smtplib.SMTPResponseException):
        return NoServer(N_("The mail server said: %(answer)s"), answer=in_words(fault.smtp_code, fault.smtp_error))
    if isinstance(fault, ssl.SSLError):
        return NoServer(N_("The mail server cannot be trusted: %(why)s"), why=fault.reason or type(fault).__name__)
    # smtplib's own faults are OSErrors too, without a number.
    why = getattr(fault, "strerror", None) or str(fault) or type(fault).__name__
    return NoServer(N_("The mail server does not answer: %(why)s"), why=_bare(str(why))[:_LONGEST])
