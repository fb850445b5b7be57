"""E-mail by SMTP, always under TLS."""

from __future__ import annotations

import asyncio
import ssl
from contextlib import suppress
from email.message import EmailMessage
from email.utils import format_datetime, parseaddr
from pathlib import Path
from urllib.parse import unquote, urlsplit

import aiosmtplib

from areaclienti.identity.clock import Clock
from areaclienti.identity.delivery.adapters import Accepted, NotSent
from areaclienti.identity.delivery.messages import Message

_GOODBYE_SECONDS = 1.0
_BUSY = (421, 454)  # RFC 5321 §4.2.3, RFC 4954 §6: the server, not this message


class Smtp:
    """Sends through one mail server: `smtps://` speaks TLS at once, `smtp://` must be able to STARTTLS."""

    def __init__(
        self, url: str, sender: str, timeout_seconds: float, clock: Clock, ca_file: Path | None = None
    ) -> None:
        parts = urlsplit(url)
        if parts.scheme not in ("smtp", "smtps") or not parts.hostname:
            raise ValueError("the SMTP URL must be smtp://host or smtps://host")
        self.needs_seconds = timeout_seconds
        self._host = parts.hostname
        self._port = parts.port or (465 if parts.scheme == "smtps" else 587)
        self._implicit_tls = parts.scheme == "smtps"
        self._user = unquote(parts.username) if parts.username else None
        self._password = unquote(parts.password) if parts.password else None
        self._sender = sender
        self._clock = clock
        self._tls = ssl.create_default_context(cafile=str(ca_file) if ca_file else None)

    async def send(self, message: Message) -> Accepted:
        client = aiosmtplib.SMTP(
            hostname=self._host,
            port=self._port,
            username=self._user,
            password=self._password,
            use_tls=self._implicit_tls,
            start_tls=not self._implicit_tls,
            tls_context=self._tls,
            timeout=self.needs_seconds,
        )
        reached = False
        try:
            async with asyncio.timeout(self.needs_seconds):  # all of it, from the connection to the last answer
                await client.connect()
                reached = True
                await client.send_message(self.compose(message))
            with suppress(aiosmtplib.SMTPException, OSError):
                await client.quit(timeout=_GOODBYE_SECONDS)
        except (aiosmtplib.SMTPException, OSError) as error:  # OSError is TimeoutError too
            raise _not_sent(error, reached) from None
        finally:
            client.close()
        return Accepted("smtp")

    async def close(self) -> None:
        """There is nothing to close: each message has its own connection."""

    def compose(self, message: Message) -> EmailMessage:
        """The message as it is sent. Only ASCII, so that no server on the way has to be able to do more (RFC 2045).

        There is no Reply-To: an answer goes to the sender, whose domain is that of the envelope and of the Message-ID.
        """
        email = EmailMessage()
        email["From"] = self._sender
        email["To"] = message.recipient
        email["Subject"] = message.subject
        email["Date"] = format_datetime(self._clock())
        domain = parseaddr(self._sender)[1].rpartition("@")[2]
        email["Message-ID"] = f"<{message.id}@{domain}>"  # the same however often it is sent
        email["Auto-Submitted"] = "auto-generated"  # RFC 3834: no out-of-office replies
        email.set_content(message.text, cte="quoted-printable")
        if message.html is not None:
            email.add_alternative(message.html, subtype="html", cte="quoted-printable")
        email["Content-Language"] = "it"
        return email


def _not_sent(error: Exception, reached: bool) -> NotSent:
    if isinstance(error, aiosmtplib.SMTPRecipientsRefused):
        return NotSent("recipient_refused", for_good=all(recipient.code >= 500 for recipient in error.recipients))
    if isinstance(error, aiosmtplib.SMTPResponseException):
        return NotSent(f"smtp_{error.code}", for_good=error.code >= 500, provider_fails=error.code in _BUSY)
    if isinstance(error, aiosmtplib.SMTPNotSupported):
        return NotSent("smtp_not_supported", for_good=True)
    if not reached:
        return NotSent("smtp_unreachable", provider_fails=True)
    how = "timeout" if isinstance(error, TimeoutError) else "cut"
    return NotSent(f"smtp_{how}", provider_fails=True, maybe_accepted=True)
