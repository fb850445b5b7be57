"""Delivery: the outbox, a real SMTP server under TLS, a real HTTP receiver of SMS, and the Italian messages."""

from __future__ import annotations

import asyncio
import datetime
import ipaddress
import json
import re
import ssl
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.smtp import SMTP, Envelope, Session
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from sqlalchemy import select

from areaclienti.identity.db.models import OutboxMessage
from areaclienti.identity.delivery import outbox
from areaclienti.identity.delivery.adapters import NotSent
from areaclienti.identity.delivery.messages import Message as Rendered
from areaclienti.identity.delivery.messages import render
from areaclienti.identity.delivery.sms_webhook import SmsWebhook
from areaclienti.identity.delivery.smtp import Smtp
from tests.unit.identity.world import World

AWorld = Callable[..., AbstractAsyncContextManager[World]]

# GSM 03.38 default alphabet, without its extension table (whose characters count twice).
GSM_7 = set(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
CODES = ["registration_code", "contact_confirmation_code", "first_access_code", "step_up_code", "password_reset_code"]
SMS = [*CODES, "identification_notice", "account_created", "registration_attempt"]
EMAILS = [*CODES[:2], "identification_notice", "account_created", "registration_attempt"]
PARAMETERS = {"code": "123456", "minutes": 10}


def an_email(to: str = "mario.rossi@posta.example") -> Rendered:
    return render("out_1", "email", to, "registration_code", PARAMETERS)


# --- messages -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("template", SMS)
def test_an_sms_is_one_message_of_the_gsm_alphabet_without_a_link(template: str) -> None:
    text = render("out_1", "sms", "+393331234567", template, PARAMETERS).text
    assert len(text) <= 160
    assert set(text) <= GSM_7
    assert not re.search(r"https?:|www\.|\.it\b", text)


@pytest.mark.parametrize("template", EMAILS)
def test_an_email_says_the_same_in_plain_text_and_in_html_without_a_link(template: str) -> None:
    message = render("out_1", "email", "mario@posta.example", template, PARAMETERS)
    assert message.subject and message.html
    assert "\n" not in message.subject
    for part in (message.text, message.html):
        assert not re.search(r"https?://|<a\b|href|<img|<script", part)
        assert ("123456" in part) == (template in CODES)


@pytest.mark.parametrize(
    ("channel", "template"), [*(("email", code) for code in CODES[:2]), *(("sms", code) for code in CODES)]
)
def test_a_code_comes_with_its_life_and_the_advice_to_tell_nobody(channel: str, template: str) -> None:
    message = render("out_1", channel, "x", template, PARAMETERS)
    for part in filter(None, (message.text, message.html)):
        assert "123456" in part
        assert "10 minuti" in part
        assert "non comunicarlo a nessuno" in part.lower()


def test_html_is_escaped() -> None:
    assert "<b>" not in str(render("out_1", "email", "x", SMS[0], {"code": "<b>", "minutes": 1}).html)


# --- SMTP -----------------------------------------------------------------------------------------------------------


class MailServer:
    """A real SMTP server that keeps what it accepts, or refuses as it is told to."""

    def __init__(self) -> None:
        self.accepted: list[EmailMessage] = []
        self.refuse_with: str | None = None

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        if self.refuse_with:
            return self.refuse_with
        assert isinstance(envelope.content, bytes)
        received = message_from_bytes(envelope.content, policy=default)
        assert isinstance(received, EmailMessage)
        self.accepted.append(received)
        return "250 OK"


@asynccontextmanager
async def listening(server: MailServer, tls: ssl.SSLContext | None, implicit: bool) -> AsyncIterator[int]:
    """The port that the server listens on."""
    starttls = None if implicit else tls
    listener = await asyncio.get_running_loop().create_server(
        lambda: SMTP(server, tls_context=starttls, require_starttls=starttls is not None, hostname="127.0.0.1"),
        "127.0.0.1",
        0,
        ssl=tls if implicit else None,
    )
    async with listener:
        yield listener.sockets[0].getsockname()[1]


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A certificate for 127.0.0.1, signed by itself, and its key."""
    folder = tmp_path_factory.mktemp("tls")
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(hours=1))
        .not_valid_after(now + datetime.timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), True)
        .sign(key, hashes.SHA256())
    )
    (folder / "cert.pem").write_bytes(made.public_bytes(serialization.Encoding.PEM))
    (folder / "key.pem").write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return folder / "cert.pem", folder / "key.pem"


@pytest.fixture
def server_tls(certificate: tuple[Path, Path]) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*certificate)
    return context


@pytest.fixture(params=["smtp", "smtps"])
async def mail_server(
    request: pytest.FixtureRequest, server_tls: ssl.SSLContext
) -> AsyncIterator[tuple[str, MailServer]]:
    server = MailServer()
    async with listening(server, server_tls, implicit=request.param == "smtps") as port:
        yield f"{request.param}://127.0.0.1:{port}", server


async def test_an_email_arrives_under_tls_with_both_bodies(
    mail_server: tuple[str, MailServer], certificate: tuple[Path, Path]
) -> None:
    url, server = mail_server
    await Smtp(url, "Area Clienti <noreply@areaclienti.example>", 5, certificate[0]).send(an_email())
    received = server.accepted[0]
    assert received["To"] == "mario.rossi@posta.example"
    assert received["Message-ID"] == "<out_1@areaclienti.example>"
    assert received["Auto-Submitted"] == "auto-generated"
    plain, html = received.get_body(("plain",)), received.get_body(("html",))
    assert plain is not None and "123456" in plain.get_content()
    assert html is not None and "123456" in html.get_content()


async def test_a_server_whose_certificate_is_not_trusted_gets_nothing(mail_server: tuple[str, MailServer]) -> None:
    url, server = mail_server
    with pytest.raises(NotSent, match="smtp_unreachable"):
        await Smtp(url, "noreply@areaclienti.example", 5).send(an_email())
    assert server.accepted == []


async def test_a_server_without_tls_gets_nothing() -> None:
    server = MailServer()
    async with listening(server, None, implicit=False) as port:
        with pytest.raises(NotSent):
            await Smtp(f"smtp://127.0.0.1:{port}", "noreply@areaclienti.example", 5).send(an_email())
    assert server.accepted == []


@pytest.mark.parametrize(("answer", "for_good"), [("451 later", False), ("554 never", True)])
async def test_a_refusal_is_for_good_if_the_server_says_so(
    mail_server: tuple[str, MailServer], certificate: tuple[Path, Path], answer: str, for_good: bool
) -> None:
    url, server = mail_server
    server.refuse_with = answer
    with pytest.raises(NotSent) as failure:
        await Smtp(url, "noreply@areaclienti.example", 5, certificate[0]).send(an_email())
    assert (failure.value.reason, failure.value.for_good) == (f"smtp_{answer[:3]}", for_good)


# --- SMS ------------------------------------------------------------------------------------------------------------


class SmsReceiver:
    """A real HTTP server that keeps what it is sent, and answers with the statuses that it is told, then 202."""

    def __init__(self) -> None:
        self.received: list[tuple[dict[str, str], dict[str, str]]] = []
        self.answers: list[int] = []
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                receiver.received.append(({key.lower(): value for key, value in self.headers.items()}, body))
                self.send_response(receiver.answers.pop(0) if receiver.answers else 202)
                self.send_header("Retry-After", "7")
                self.end_headers()

            def log_message(self, *_: Any) -> None:
                """Quiet."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/sms"


@pytest.fixture
def sms_receiver() -> Iterator[SmsReceiver]:
    receiver = SmsReceiver()
    thread = threading.Thread(target=receiver.server.serve_forever)
    thread.start()
    yield receiver
    receiver.server.shutdown()
    thread.join()
    receiver.server.server_close()


async def test_an_sms_is_posted_with_its_idempotency_key(sms_receiver: SmsReceiver) -> None:
    adapter = SmsWebhook(sms_receiver.url, "token", 5)
    await adapter.send(Rendered("out_1", "sms", "+393331234567", "ciao"))
    await adapter.close()
    headers, body = sms_receiver.received[0]
    assert body == {"id": "out_1", "to": "+393331234567", "text": "ciao"}
    assert (headers["idempotency-key"], headers["authorization"]) == ("out_1", "Bearer token")


@pytest.mark.parametrize(
    ("status", "for_good"), [(429, False), (500, False), (503, False), (400, True), (401, True), (302, True)]
)
async def test_an_sms_refused_is_tried_again_only_if_that_may_help(
    sms_receiver: SmsReceiver, status: int, for_good: bool
) -> None:
    sms_receiver.answers = [status]
    adapter = SmsWebhook(sms_receiver.url, None, 5)
    with pytest.raises(NotSent) as failure:
        await adapter.send(Rendered("out_1", "sms", "+393331234567", "ciao"))
    await adapter.close()
    assert (failure.value.for_good, failure.value.retry_after_seconds) == (for_good, 7.0)


# --- outbox ---------------------------------------------------------------------------------------------------------


async def rows(world: World) -> list[OutboxMessage]:
    async with world.services.database.read() as session:
        return list(await session.scalars(select(OutboxMessage).order_by(OutboxMessage.created_at)))


async def until(condition: Callable[[], Any]) -> None:
    async with asyncio.timeout(10):
        while not await condition():  # noqa: ASYNC110
            await asyncio.sleep(0.02)


async def test_live_delivery_sends_the_codes_and_erases_them(
    a_world: AWorld, mail_server: tuple[str, MailServer], certificate: tuple[Path, Path], sms_receiver: SmsReceiver
) -> None:
    url, server = mail_server
    live = {
        "delivery": "live",
        "smtp_url": url,
        "smtp_ca_file": certificate[0],
        "sms_webhook_url": sms_receiver.url,
        "sms_webhook_token": "token",
    }
    sms_receiver.answers = [503]  # the first try fails, the next is half a minute later at most
    async with a_world(**live) as world:
        await world.register("conv-1")
        await world.register("conv-2", contact="320 1234600")

        async def first_tries_are_over() -> bool:
            return all(row.status == "sent" or row.reason for row in await rows(world))

        await until(first_tries_are_over)
        world.clock.move(seconds=10)

        async def all_sent() -> bool:
            return all(row.status == "sent" for row in await rows(world))

        await until(all_sent)
        stored = await rows(world)
    assert [(row.sealed, row.destination) for row in stored] == [(None, None)] * 2
    assert len(server.accepted) == 1
    first, second = (body for _, body in sms_receiver.received)
    assert first == second  # at least once, under one idempotency key
    assert first["to"] == "+393201234600"


async def test_a_provider_that_never_accepts_is_given_up(a_world: AWorld, sms_receiver: SmsReceiver) -> None:
    live = {"delivery": "live", "smtp_url": "smtps://127.0.0.1:1", "sms_webhook_url": sms_receiver.url}
    sms_receiver.answers = [400]
    async with a_world(**live) as world:
        await world.register(contact="320 1234600")

        async def dropped() -> bool:
            return [(row.status, row.reason, row.sealed) for row in await rows(world)] == [("dropped", "sms_400", None)]

        await until(dropped)


async def test_an_expired_code_is_dropped_not_delivered_late(a_world: AWorld, sms_receiver: SmsReceiver) -> None:
    live = {"delivery": "live", "smtp_url": "smtps://127.0.0.1:1", "sms_webhook_url": "http://127.0.0.1:1"}
    async with a_world(**live) as world:
        await world.register(contact="320 1234600")

        async def tried() -> bool:
            return (await rows(world))[0].reason == "sms_unreachable"

        await until(tried)
        world.clock.move(minutes=5)

        async def dropped() -> bool:
            row = (await rows(world))[0]
            return (row.status, row.reason, row.sealed) == ("dropped", "expired", None)

        await until(dropped)


async def test_a_replaced_code_is_not_sent_any_more(a_world: AWorld) -> None:
    async with a_world(outbox_poll_seconds=3600) as world:
        await world.services.close()  # nobody delivers meanwhile
        registration_id = (await world.register()).json()["registration_id"]
        world.clock.move(seconds=30)
        await world.actions(f"/v1/registrations/{registration_id}/code", {})
        async with world.services.work() as work:
            claimed = await outbox.claim(work)
        assert [(row.status, row.reason) for row in await rows(world)] == [("dropped", "replaced"), ("claimed", None)]
        assert len(claimed) == 1


async def test_a_message_is_claimed_by_one_of_many_workers_and_again_when_that_one_died(a_world: AWorld) -> None:
    async with a_world(outbox_poll_seconds=3600) as world:
        await world.services.close()
        await world.register()

        async def claim() -> list[outbox.Claimed]:
            async with world.services.work() as work:
                return await outbox.claim(work)

        claims = await asyncio.gather(*(claim() for _ in range(10)))
        assert sum(len(batch) for batch in claims) == 1
        dead = next(batch[0] for batch in claims if batch)
        world.clock.move(seconds=61)
        (heir,) = await claim()
        assert (heir.id, heir.tries) == (dead.id, 2)
        async with world.services.work() as work:
            await outbox.finish(work, dead, "dropped")  # its lease is over: it has no say any more
        assert [row.status for row in await rows(world)] == ["claimed"]


async def test_the_code_and_the_address_are_sealed_while_they_wait(a_world: AWorld) -> None:
    async with a_world(outbox_poll_seconds=3600) as world:
        await world.services.close()
        await world.register()
        (row,) = await rows(world)
        async with world.services.work() as work:
            (claimed,) = await outbox.claim(work)
        assert re.fullmatch(r"\d{6}", claimed.parameters["code"])
        assert row.sealed is not None and claimed.parameters["code"] not in row.sealed
