"""E-mails: over SMTP under TLS, and written so that mail servers and people take them for what they are."""

from __future__ import annotations

import asyncio
import re
import ssl
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from email.utils import parseaddr, parsedate_to_datetime
from html.parser import HTMLParser
from pathlib import Path

import pytest

from areaclienti.identity.delivery.adapters import NotSent
from areaclienti.identity.delivery.messages import Message, render
from areaclienti.identity.delivery.sms import gsm
from areaclienti.identity.delivery.smtp import Smtp
from tests.unit.identity.delivery.servers import MailServer, listening

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
SENDER = "Area Clienti <noreply@areaclienti.example>"
TEMPLATES = Path(__file__).parents[4] / "areaclienti" / "identity" / "delivery" / "templates"
SMS = sorted(path.name.removesuffix(".sms.txt") for path in TEMPLATES.glob("*.sms.txt"))
EMAILS = sorted(path.name.removesuffix(".email.txt") for path in TEMPLATES.glob("*.email.txt"))
PARAMETERS = {
    "code": "123456",
    "minutes": 10,
    "since": "23/11/2026, 17:40",
    "reason": "other_contact",
    "link": "https://areaclienti.example/desk/conversazioni/0123456789abcdef0123456789abcdef",
}


def rendered(channel: str, template: str, to: str = "mario.rossi@posta.example") -> Message:
    return render("out_1", channel, to, template, PARAMETERS, expires_at=NOW + timedelta(minutes=10))


def smtp(url: str, ca_file: Path | None = None, timeout: float = 5) -> Smtp:
    return Smtp(url, SENDER, timeout, lambda: NOW, ca_file)


# --- messages -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("template", SMS)
def test_an_sms_is_one_message_of_the_gsm_alphabet_without_a_link(template: str) -> None:
    text = rendered("sms", template).text
    assert (gsm.encoding_of(text), gsm.parts_of(text)) == ("gsm7", 1)
    assert not re.search(r"https?:|www\.|\.it\b", text)


@pytest.mark.parametrize(
    ("channel", "template"),
    [(channel, name) for channel, names in (("email", EMAILS), ("sms", SMS)) for name in names if "code" in name],
)
def test_a_code_comes_with_its_life_and_the_advice_to_tell_nobody(channel: str, template: str) -> None:
    message = rendered(channel, template)
    for part in filter(None, (message.text, message.html)):
        assert "123456" in part
        assert "10 minuti" in part
        assert "non comunicarlo a nessuno" in part.lower()


def test_html_is_escaped() -> None:
    message = render("out_1", "email", "x", "registration_code", {"code": "<b>", "minutes": 1}, expires_at=NOW)
    assert "<b>" not in str(message.html)


# --- what spam filters look at --------------------------------------------------------------------------------------
#
# The basics that no filter forgives, each with where it comes from: SpamAssassin's rules by their names, RFC 5322 and
# 2045, and Google's "Email sender guidelines". No light library checks them (SpamAssassin is a Perl daemon).


class Shown(HTMLParser):
    """The words that a reader sees, and every tag and attribute."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.words: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self._inside: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attributes)))
        if tag not in ("meta", "img", "br", "hr", "link"):
            hidden = "display:none" in (dict(attributes).get("style") or "")
            self._inside.append("hidden" if hidden or tag in ("title", "style") else tag)

    def handle_endtag(self, tag: str) -> None:
        self._inside.pop()

    def handle_data(self, data: str) -> None:
        if "hidden" not in self._inside:
            self.words += words(data)


def words(text: str) -> list[str]:
    return re.findall(r"[\w']+", text.lower())


@pytest.fixture(params=EMAILS)
def email(request: pytest.FixtureRequest) -> Iterator[EmailMessage]:
    """Each template as it leaves, read back from its bytes."""
    composed = smtp("smtps://mail.example").compose(rendered("email", request.param))
    read = message_from_bytes(composed.as_bytes(policy=policy.SMTP), policy=policy.default)
    assert isinstance(read, EmailMessage)
    yield read


def body(email: EmailMessage, kind: str) -> str:
    part = email.get_body((kind,))
    assert part is not None
    return str(part.get_content())


def test_headers_are_there_once_and_of_one_domain(email: EmailMessage) -> None:
    # MISSING_DATE, MISSING_MID, MISSING_SUBJECT, MISSING_FROM, TO_MALFORMED; RFC 5322 §3.6, RFC 2045 §4
    for name in ("From", "To", "Subject", "Date", "Message-ID", "MIME-Version", "Content-Type"):
        assert len(email.get_all(name, [])) == 1, name
    domain = parseaddr(str(email["From"]))[1].rpartition("@")[2]
    assert str(email["Message-ID"]).endswith(f"@{domain}>")
    assert email["Reply-To"] is None  # FREEMAIL_FORGED_REPLYTO: an answer goes to the sender's own domain
    assert parsedate_to_datetime(str(email["Date"])) == NOW  # DATE_IN_PAST_*, DATE_IN_FUTURE_*
    assert (email["Auto-Submitted"], email["Content-Language"]) == ("auto-generated", "it")


def test_the_subject_is_short_and_does_not_shout(email: EmailMessage) -> None:
    subject = str(email["Subject"])
    assert 10 <= len(subject) <= 70  # phones cut after 40 to 70
    assert subject.upper() != subject  # SUBJ_ALL_CAPS
    assert not re.search(r"[!?€$%]|\b(gratis|urgente|offerta|clicca)\b", subject.lower())  # PLING_QUERY, SUBJ_BUY
    assert not re.search(r"\d{6}", subject)  # a code is not shown on a locked screen


def test_the_message_is_ascii_of_short_lines_on_the_wire(email: EmailMessage) -> None:
    raw = email.as_bytes(policy=policy.SMTP)
    raw.decode("ascii")  # every server can carry it, RFC 2045 §2.7
    assert max(len(line) for line in raw.split(b"\r\n")) <= 998  # RFC 5322 §2.1.1
    assert max(len(line) for part in email.iter_parts() for line in part.as_bytes().splitlines()) <= 100
    assert b"base64" not in raw  # MIME_BASE64_TEXT
    assert {part.get_content_charset() for part in email.iter_parts()} == {"utf-8"}


def test_plain_text_comes_first_and_says_the_same_as_the_html(email: EmailMessage) -> None:
    assert [part.get_content_type() for part in email.iter_parts()] == ["text/plain", "text/html"]  # MIME_HTML_ONLY
    plain, html = words(body(email, "plain")), Shown(body(email, "html")).words
    assert plain == html  # MPART_ALT_DIFF: the same words in the same order


def test_the_html_is_words_without_links_pictures_scripts_or_hidden_tricks(email: EmailMessage) -> None:
    # An agency's notice alone names an address, as words: that of its own desk.
    html = body(email, "html").replace(str(PARAMETERS["link"]), "")
    shown = Shown(html)
    tags = [tag for tag, _ in shown.tags]
    # HTML_IMAGE_ONLY_*, T_REMOTE_IMAGE, HTML_TAG_EXIST_*; a mail about codes trains nobody to follow links
    assert not {"a", "img", "script", "form", "iframe", "object", "embed", "link", "svg", "base"} & set(tags)
    assert "http" not in html and "url(" not in html and "@import" not in html
    assert not any(name.startswith("on") for _, attributes in shown.tags for name in attributes)
    assert len(html) < 20_000  # Gmail cuts at 102 KB; a picture of text has few words for its size
    assert len(shown.words) >= 30
    assert not re.search(r"font-size:\s*[0-9]px|color:\s*transparent", html)  # HTML_FONT_TINY, HTML_FONT_LOW_CONTRAST


def test_the_html_says_its_language_its_charset_and_that_it_knows_the_dark(email: EmailMessage) -> None:
    tags = Shown(body(email, "html")).tags
    assert ("html", {"lang": "it"}) in tags
    assert ("meta", {"charset": "utf-8"}) in tags
    assert ("meta", {"name": "color-scheme", "content": "light dark"}) in tags
    assert all(attributes.get("role") == "presentation" for tag, attributes in tags if tag == "table")
    assert [tag for tag, _ in tags].count("h1") == 1


# --- SMTP -----------------------------------------------------------------------------------------------------------


async def test_an_email_arrives_under_tls_with_both_bodies(
    mail_server: tuple[str, MailServer], certificate: tuple[Path, Path]
) -> None:
    url, server = mail_server
    await smtp(url, certificate[0]).send(rendered("email", "registration_code"))
    received = server.accepted[0]
    assert received["To"] == "mario.rossi@posta.example"
    assert received["Message-ID"] == "<out_1@areaclienti.example>"
    assert "123456" in body(received, "plain") and "123456" in body(received, "html")


async def test_a_server_whose_certificate_is_not_trusted_gets_nothing(mail_server: tuple[str, MailServer]) -> None:
    url, server = mail_server
    with pytest.raises(NotSent, match="smtp_unreachable"):
        await smtp(url).send(rendered("email", "registration_code"))
    assert server.accepted == []


async def test_a_server_without_tls_gets_nothing() -> None:
    server = MailServer()
    async with listening(server, None, implicit=False) as port:
        with pytest.raises(NotSent):
            await smtp(f"smtp://127.0.0.1:{port}").send(rendered("email", "registration_code"))
    assert server.accepted == []


@pytest.mark.parametrize(
    ("answer", "for_good", "provider_fails"),
    [("451 later", False, False), ("421 busy", False, True), ("554 never", True, False)],
)
async def test_a_refusal_is_for_good_if_the_server_says_so(
    mail_server: tuple[str, MailServer],
    certificate: tuple[Path, Path],
    answer: str,
    for_good: bool,
    provider_fails: bool,
) -> None:
    url, server = mail_server
    server.refuse_with = answer
    with pytest.raises(NotSent) as failure:
        await smtp(url, certificate[0]).send(rendered("email", "registration_code"))
    assert (failure.value.reason, failure.value.for_good) == (f"smtp_{answer[:3]}", for_good)
    assert (failure.value.provider_fails, failure.value.maybe_accepted) == (provider_fails, False)


@pytest.mark.parametrize(("answer", "for_good"), [("450 greylisted", False), ("550 no such mailbox", True)])
async def test_a_mailbox_that_refuses_is_no_failure_of_the_server(
    mail_server: tuple[str, MailServer], certificate: tuple[Path, Path], answer: str, for_good: bool
) -> None:
    url, server = mail_server
    server.refuse_recipient_with = answer
    with pytest.raises(NotSent) as failure:
        await smtp(url, certificate[0]).send(rendered("email", "registration_code"))
    assert (failure.value.reason, failure.value.for_good) == ("recipient_refused", for_good)
    assert not failure.value.provider_fails


async def test_a_server_that_takes_the_mail_and_says_nothing_leaves_a_doubt(
    server_tls: ssl.SSLContext, certificate: tuple[Path, Path]
) -> None:
    class Silent(MailServer):
        async def handle_DATA(self, server: object, session: object, envelope: object) -> str:
            await asyncio.Event().wait()
            return "250 OK"

    async with listening(Silent(), server_tls, implicit=True) as port:
        with pytest.raises(NotSent) as failure:
            await smtp(f"smtps://127.0.0.1:{port}", certificate[0], timeout=2).send(
                rendered("email", "registration_code")
            )
    assert (failure.value.reason, failure.value.maybe_accepted) == ("smtp_timeout", True)
