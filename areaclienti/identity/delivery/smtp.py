"""E-mail by SMTP, always under TLS."""

from __future__ import annotations

import ssl
from email.message import EmailMessage
from email.utils import parseaddr
from pathlib import Path
from urllib.parse import unquote, urlsplit

import aiosmtplib

from areaclienti.identity.delivery.adapters import NotSent
from areaclienti.identity.delivery.messages import Message


class Smtp:
    """Sends through one mail server: `smtps://` speaks TLS at once, `smtp://` must be able to STARTTLS."""

    def __init__(self, url: str, sender: str, timeout_seconds: float, ca_file: Path | None = None) -> None:
        parts = urlsplit(url)
        if parts.scheme not in ("smtp", "smtps") or not parts.hostname:
            raise ValueError("the SMTP URL must be smtp://host or smtps://host")
        self._host = parts.hostname
        self._port = parts.port or (465 if parts.scheme == "smtps" else 587)
        self._implicit_tls = parts.scheme == "smtps"
        self._user = unquote(parts.username) if parts.username else None
        self._password = unquote(parts.password) if parts.password else None
        self._sender = sender
        self._timeout = timeout_seconds
        self._tls = ssl.create_default_context(cafile=str(ca_file) if ca_file else None)

    async def send(self, message: Message) -> None:
        try:
            await aiosmtplib.send(
                self._compose(message),
                hostname=self._host,
                port=self._port,
                username=self._user,
                password=self._password,
                use_tls=self._implicit_tls,
                start_tls=not self._implicit_tls,
                tls_context=self._tls,
                timeout=self._timeout,
            )
        except aiosmtplib.SMTPRecipientsRefused as refused:
            for_good = all(recipient.code >= 500 for recipient in refused.recipients)
            raise NotSent("recipient_refused", for_good=for_good) from None
        except aiosmtplib.SMTPResponseException as answer:
            raise NotSent(f"smtp_{answer.code}", for_good=answer.code >= 500) from None
        except (aiosmtplib.SMTPException, OSError):
            raise NotSent("smtp_unreachable") from None

    async def close(self) -> None:
        """There is nothing to close: each message has its own connection."""

    def _compose(self, message: Message) -> EmailMessage:
        email = EmailMessage()
        email["From"] = self._sender
        email["To"] = message.recipient
        email["Subject"] = message.subject
        domain = parseaddr(self._sender)[1].rpartition("@")[2]
        email["Message-ID"] = f"<{message.id}@{domain}>"  # the same however often it is sent
        email["Auto-Submitted"] = "auto-generated"  # RFC 3834: no out-of-office replies
        email.set_content(message.text)
        if message.html is not None:
            email.add_alternative(message.html, subtype="html")
        return email
