"""The ways that secrets and contacts take through the product: each played as a customer's browser plays it."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import time
import traceback
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import httpx

from areaclienti.domain.masking import mask_mobile
from benchmarks.canary.people import Census, Person, Type
from benchmarks.canary.visitor import ANSWER_SECONDS, Visitor
from benchmarks.canary.wiretap import Wiretap
from benchmarks.canary.world import World

_CODE = re.compile(r"(?<!\d)\d{6}(?!\d)")
_FORM_CSRF = re.compile(r'name="csrf" value="([0-9a-f]+)"')
_NOTICE_READ = "Ho preso visione"
_ALL_RIGHT = "È tutto giusto"


@dataclass
class Walk:
    """One way under way: the product, the people of the run, and what a step may need of them."""

    world: World
    census: Census
    way: str
    person: Person

    @contextlib.contextmanager
    def browser(self, who: str = "") -> Iterator[Visitor]:
        """A browser of its own, with nothing in it."""
        folder = self.world.folder / "received"
        with Visitor(self.world.stack.urls.gateway, f"{self.way} {who}", folder) as visitor:
            yield visitor

    def password(self, said: str = "") -> str:
        return self.census.password(self.way, said)

    def spoken_password(self, said: str = "") -> str:
        return self.census.spoken_password(self.way, said)

    def newest_code(self, to: str, after: int) -> str:
        """The code that came to a contact after that message of the mailbox."""
        return self.census.code(self.world.stack.newest_code(to, after), self.way)

    def mail(self) -> int:
        """The newest message of the mailbox."""
        return self.world.stack.newest_message_id()

    def until_the_password(self, visitor: Visitor, contact: str) -> None:
        """From the greeting to the step that asks for a password (manual 1a to 4a)."""
        visitor.open()
        visitor.chooses(self.person.type)
        visitor.says(self.person.name)
        visitor.says(contact)
        visitor.at("password")

    def until_the_code(self, visitor: Visitor, contact: str, password: str) -> int:
        """On to the step that asks for the code (5a, 6a); what was newest in the mailbox before it."""
        self.until_the_password(visitor, contact)
        visitor.gives("password", password)
        before = self.mail()
        visitor.chooses(_NOTICE_READ)
        visitor.at("verification_code")
        return before

    def registered(self, visitor: Visitor, contact: str, password: str) -> None:
        """All of it, by the protected fields."""
        before = self.until_the_code(visitor, contact, password)
        visitor.gives("verification_code", self.newest_code(contact, before))
        visitor.at("done")

    def signed_in(self, visitor: Visitor, username: str, password: str) -> None:
        """Sign in on the page, with the code of the first access where it is asked for (8a, 9a)."""
        visitor.get("/accedi")
        before = self.mail()
        told = visitor.post_as_page("/api/sign-in", {"username": username, "password": password})
        if told["outcome"] == "code_required":
            code = self.newest_code(self.person.mobile, before)
            visitor.post_as_page("/api/sign-in/verification", {"code": _other_than(code)})
            told = visitor.post_as_page("/api/sign-in/verification", {"code": code})
        assert told["outcome"] == "signed_in", f"not signed in: {told}"
        for page in ("/area-clienti", "/api/me", "/api/sessions"):
            visitor.get(page)

    def stepped_up(self, visitor: Visitor, action: str) -> None:
        """A fresh code for a secure operation (9a)."""
        before = self.mail()
        visitor.post_as_page("/api/step-up", {"action": action})
        code = self.newest_code(self.person.mobile, before)
        told = visitor.post_as_page("/api/step-up/verification", {"code": code})
        assert told["outcome"] == "confirmed", f"step-up: {told}"


def _other_than(code: str) -> str:
    return f"{(int(code) + 111_111) % 1_000_000:06d}"


# ---- both stories, section C, the customer area ----


def by_the_card(walk: Walk) -> None:
    """Manual A or B from the greeting to the account, a weak password and a wrong code on the way."""
    person, password = walk.person, walk.password()
    with walk.browser() as visitor:
        contact = person.email if person.type == "persona" else person.mobile
        walk.until_the_password(visitor, contact)
        assert visitor.gives("password", "debole") == 422
        visitor.gives("password", password)
        before = walk.mail()
        visitor.chooses(_NOTICE_READ)
        code = walk.newest_code(contact, before)
        visitor.gives("verification_code", _other_than(code))
        visitor.gives("verification_code", code)
        visitor.at("done")
        walk.signed_in(visitor, contact, password)


def section_c(walk: Walk) -> None:
    """A contact that is not on file, the tax code by the card, a masked contact chosen (manual 1c to 4c)."""
    person, password = walk.person, walk.password()
    with walk.browser() as visitor:
        walk.until_the_password(visitor, walk.census.email(walk.way))
        visitor.gives("password", password)
        visitor.chooses(_NOTICE_READ)
        visitor.at("recheck")
        visitor.chooses(_ALL_RIGHT)
        visitor.gives("tax_code", walk.census.tax_code(walk.way, person.type))
        visitor.gives("tax_code", person.tax_code)
        visitor.at("choose_contact")
        before = walk.mail()
        visitor.chooses(mask_mobile(person.second_mobile))
        visitor.gives("verification_code", walk.newest_code(person.second_mobile, before))
        visitor.at("done")


def customer_area(walk: Walk) -> None:
    """Sign-in, first access, step-ups, a changed password, a forgotten one, the end of the account."""
    person, first, second, third = walk.person, walk.password(), walk.password(), walk.spoken_password()
    with walk.browser() as visitor, walk.browser("elsewhere") as elsewhere:
        walk.registered(visitor, person.email, first)
        visitor.post_as_page("/api/sign-in", {"username": person.email, "password": walk.password()})
        walk.signed_in(visitor, person.email, first)
        walk.signed_in(elsewhere, person.email, first)
        walk.stepped_up(visitor, "change_password")
        wrong = {"present_password": walk.password(), "password": second}
        assert visitor.post_as_page("/api/account/password", wrong)["outcome"] == "wrong_password"
        weak = {"present_password": first, "password": "debole"}
        assert visitor.post_as_page("/api/account/password", weak)["status"] == 422
        told = visitor.post_as_page("/api/account/password", {"present_password": first, "password": second})
        assert told["outcome"] == "changed", told
        walk.stepped_up(visitor, "end_other_sessions")
        visitor.post_as_page("/api/account/end-other-sessions", {})
        elsewhere.get("/password-dimenticata")
        before = walk.mail()
        elsewhere.post_as_page("/api/password-reset", {"username": person.email})
        code = walk.newest_code(person.mobile, before)
        elsewhere.post_as_page("/api/password-reset/verification", {"code": _other_than(code)})
        elsewhere.post_as_page("/api/password-reset/verification", {"code": code})
        told = elsewhere.post_as_page("/api/password-reset/password", {"password": third})
        assert told["status"] == 204, told
        walk.signed_in(elsewhere, person.email, third)
        walk.stepped_up(elsewhere, "deactivate")
        assert elsewhere.post_as_page("/api/account/deactivation", {})["status"] == 204


# ---- secrets typed into the chat ----


def typed_when_asked(walk: Walk) -> None:
    """Password, code and tax code written as plain messages at the step that asks for them."""
    person, password = walk.person, walk.password()
    with walk.browser() as visitor:
        walk.until_the_password(visitor, walk.census.email(walk.way))
        for text in (password, f"la mia password è {walk.spoken_password()}", f"{walk.spoken_password()} va bene?"):
            visitor.says(text)
            visitor.at("password")
        visitor.says(" ".join(walk.spoken_password().lower()[:9] for _ in range(3)))
        visitor.gives("password", password)
        visitor.chooses(_NOTICE_READ)
        visitor.chooses(_ALL_RIGHT)
        visitor.says(f"il mio codice fiscale è {walk.census.tax_code(walk.way).lower()}")
        visitor.at("tax_code")
        visitor.says(_in_groups(person.tax_code.lower()))
        visitor.at("choose_contact")
        before = walk.mail()
        visitor.chooses(mask_mobile(person.second_mobile))
        code = walk.newest_code(person.second_mobile, before)
        visitor.says(_other_than(code))
        visitor.says(f"il codice è {code[:3]} {code[3:]}")
        visitor.at("done")


def typed_at_the_wrong_moment(walk: Walk) -> None:
    """The same at every step that asks for something else, also beside other facts."""
    person, password = walk.person, walk.password()
    with walk.browser() as visitor:
        visitor.open()
        _all_secrets(walk, visitor)
        visitor.chooses(person.type)
        _all_secrets(walk, visitor)
        said = f"{walk.spoken_password('after name and tax code')}"
        visitor.says(f"{person.name}, codice fiscale {person.tax_code}, password {said}")
        visitor.says(f"{person.name} {walk.spoken_password('after the name, nothing said of it')}")
        _until_at(visitor, "contact", person.name)
        _all_secrets(walk, visitor)
        visitor.says(f"la mia mail è {person.email} e la password {walk.spoken_password('after the contact')}")
        visitor.says(f"{person.email} {walk.spoken_password('after the contact, nothing said of it')}")
        _until_at(visitor, "password", person.email)
        _all_secrets(walk, visitor)
        visitor.gives("password", password)
        visitor.says(password)
        _all_secrets(walk, visitor)
        before = walk.mail()
        visitor.chooses(_NOTICE_READ)
        visitor.at("verification_code")
        visitor.says(password)
        visitor.says(f"non arriva, la password era {password}")
        code = walk.newest_code(person.email, before)
        visitor.says(f"non so se {person.tax_code} serve, il codice è {code}")
        visitor.gives("verification_code", code)
        visitor.says(f"il mio codice era {code}, la password {password}")
        _all_secrets(walk, visitor)


def _until_at(visitor: Visitor, step: str, answer: str) -> None:
    """Give the answer as often as it is asked for: what came before may have been taken for one or not."""
    for _ in range(3):
        if visitor.state["step"] == step:
            return
        visitor.says(answer)
    visitor.at(step)


def _all_secrets(walk: Walk, visitor: Visitor) -> None:
    """One of each kind, none of which is asked for here, as people write them."""
    step = visitor.state["step"]
    tax_code = walk.census.tax_code(walk.way, said=f"alone at {step}")
    partita_iva = walk.census.tax_code(walk.way, "azienda", said=f"with words at {step}")
    visitor.says(tax_code)
    visitor.says(_in_groups(walk.census.tax_code(walk.way, said=f"in groups at {step}").lower()))
    visitor.says(f"la mia partita iva è IT{partita_iva}")
    visitor.says(walk.census.tax_code(walk.way, "azienda", said=f"digits alone at {step}"))
    if step != "password":
        visitor.says(f"password: {walk.spoken_password(f'after its name at {step}')}")
        visitor.says(f"La mia password è {walk.password(f'in a question at {step}')}, va bene?")
        visitor.says(walk.password(f"alone at {step}"))
        visitor.says(walk.spoken_password(f"alone, as a word, at {step}"))


def _in_groups(tax_code: str) -> str:
    return " ".join((tax_code[:3], tax_code[3:6], tax_code[6:11], tax_code[11:]))


def slashed(walk: Walk) -> None:
    """Texts in the syntax of Rasa's intents, at several steps."""
    person, password = walk.person, walk.password()
    with walk.browser() as visitor:
        visitor.open()
        _slashes(walk, visitor)
        visitor.chooses(person.type)
        visitor.says(person.name)
        _slashes(walk, visitor)
        if visitor.state["step"] != "contact":
            visitor.says(person.name)
        visitor.says(person.mobile)
        visitor.at("password")
        _slashes(walk, visitor)
        visitor.gives("password", password)
        before = walk.mail()
        visitor.chooses(_NOTICE_READ)
        code = walk.newest_code(person.mobile, before)
        visitor.says(f'/give_secret{{"verification_code": "{code}"}}')
        if visitor.state["step"] == "verification_code":
            visitor.gives("verification_code", code)


def _slashes(walk: Walk, visitor: Visitor) -> None:
    visitor.says(f'/give_secret{{"password": "{walk.spoken_password()}"}}')
    visitor.says(f'/give_secret{{"password": "{walk.password()}"}}')
    visitor.says(f'/give_secret{{"tax_code": "{walk.census.tax_code(walk.way)}"}}')
    visitor.says(f"/{walk.census.tax_code(walk.way)}")
    visitor.says(f"/password {walk.spoken_password()}")


def misused_api(walk: Walk) -> None:
    """Secrets where the API does not want them: other fields, other methods, addresses, broken and oversized bodies."""
    password, tax_code = walk.password(), walk.census.tax_code(walk.way)
    with walk.browser() as visitor:
        walk.until_the_password(visitor, walk.person.email)
        for purpose in ("verification_code", "tax_code", "nonsense"):
            visitor.send("POST", "/api/secrets", {"client_id": "1" * 8, "purpose": purpose, "value": password})
        for body in (
            {"client_id": "2" * 8, "text": "x", "password": password},
            {"value": password},
            [password],
            password,
        ):
            visitor.send("POST", "/api/messages", body)
            visitor.send("POST", "/api/secrets", body)
            visitor.send("POST", "/api/sign-in", body)
        visitor.send("POST", "/api/secrets", {"client_id": password, "purpose": "password", "value": tax_code})
        visitor.send("POST", "/api/messages", {"client_id": "3" * 8, "choice_id": password})
        visitor.send("POST", "/api/messages", {"client_id": "4" * 8, "text": f"password {password} " + "x" * 2_000})
        visitor.send(
            "POST", "/api/secrets", {"client_id": "5" * 8, "purpose": "password", "value": password + "x" * 20_000}
        )
        broken = f'{{"client_id": "66666666", "purpose": "password", "value": "{password}"'
        visitor.http.post("/api/secrets", content=broken, headers={"X-CSRF-Token": visitor.csrf})
        for path in (
            "/",
            "/accedi",
            "/area-clienti",
            "/api/me",
            "/api/privacy-notice",
            "/nowhere",
            "/static/nothing.js",
        ):
            visitor.get(f"{path}?{httpx.QueryParams({'password': password, 'codice_fiscale': tax_code})}")
        visitor.get(f"/api/events?{httpx.QueryParams({'after': password})}")
        visitor.get("/" + tax_code)
        visitor.send("GET", "/api/events", headers={"Last-Event-ID": password})
        for header in ("X-CSRF-Token", "Origin", "Cookie", "Referer", "User-Agent", "X-Request-ID", "Authorization"):
            visitor.send("POST", "/api/session", {}, headers={header: password})
        visitor.send("PUT", f"/api/{tax_code}", {"value": password})


def password_typed(walk: Walk) -> None:
    """Where it is asked for."""
    with walk.browser() as visitor:
        walk.until_the_password(visitor, walk.person.email)
        visitor.says(walk.password())


def tax_code_typed(walk: Walk) -> None:
    """Where it isn't asked for."""
    with walk.browser() as visitor:
        visitor.open()
        visitor.says(f"il mio codice fiscale è {walk.census.tax_code(walk.way)}")


def code_typed(walk: Walk) -> None:
    """Where it is asked for."""
    with walk.browser() as visitor:
        before = walk.until_the_code(visitor, walk.person.email, walk.password())
        visitor.says(walk.newest_code(walk.person.email, before))


# ---- the one-time page ----


def one_time_page(walk: Walk) -> None:
    """Password, tax code and code on the page of a link, opened in another browser; refused once, looked at twice."""
    person, password = walk.person, walk.password()
    with walk.browser() as visitor, walk.browser("phone") as phone:
        walk.until_the_password(visitor, walk.census.email(walk.way))
        path = _link(visitor)
        phone.get(path)  # a preview
        assert _on_the_page(phone, path, "new-password", "debole") == 422
        forged = {"new-password": walk.password(), "csrf": "0" * 64}
        assert phone.send_form(path, forged).status_code == 403
        phone.get(f"{path}?{httpx.QueryParams({'new-password': walk.password()})}")
        assert _on_the_page(phone, path, "new-password", password) == 303
        _until_said(visitor, "privacy_notice")
        assert phone.get(path).status_code == 404
        phone.send_form(path, {"new-password": walk.password(), "csrf": "0" * 64})
        visitor.chooses(_NOTICE_READ)
        visitor.chooses(_ALL_RIGHT)
        visitor.at("tax_code")
        path = _link(visitor)
        assert _on_the_page(phone, path, "tax-code", walk.census.tax_code(walk.way)[:-1] + "?") == 422
        assert _on_the_page(phone, path, "tax-code", person.tax_code.lower()) == 303
        _until_said(visitor, "choose_contact")
        before = walk.mail()
        visitor.chooses(mask_mobile(person.second_mobile))
        code = walk.newest_code(person.second_mobile, before)
        path = _link(visitor)
        with _ill(walk.world.identity, "/v1/vault", b""):
            assert _on_the_page(phone, path, "one-time-code", code) == 503
        assert _on_the_page(phone, path, "one-time-code", f"{code[:3]} {code[3:]}") == 303
        _until_said(visitor, "done")


def _link(visitor: Visitor) -> str:
    """The path of a new link for the secret that is due."""
    url: str = visitor.send("POST", "/api/secrets/link", {}).json()["url"]
    return "/" + url.split("/", 3)[3]


def _on_the_page(phone: Visitor, path: str, field: str, value: str) -> int:
    """Fill in the form as a browser without scripts does; the status."""
    csrf = _FORM_CSRF.search(phone.get(path).text)
    assert csrf, "the page has no form"
    return phone.send_form(path, {field: value, "csrf": csrf[1]}).status_code


def _until_said(visitor: Visitor, step: str) -> None:
    """The chat goes on by itself."""
    until = time.monotonic() + ANSWER_SECONDS
    while visitor.state["step"] != step and time.monotonic() < until:
        time.sleep(0.05)
    visitor.at(step)


# ---- when something is away ----


def action_server_killed(walk: Walk) -> None:
    """kill -9 of the action server while it works, and again before each secret's turn."""
    person, password = walk.person, walk.password()
    stack = walk.world.stack
    with walk.browser() as visitor:
        walk.until_the_password(visitor, person.email)
        _kill(walk, "actions")
        visitor.gives("password", password)
        stack.wait_until_ready("actions")
        _retry(visitor)
        before = walk.mail()
        visitor.chooses(_NOTICE_READ)
        code = walk.newest_code(person.email, before)
        _kill(walk, "actions")
        visitor.says(f"il codice è {code}")
        stack.wait_until_ready("actions")
        _retry(visitor)
        visitor.at("done")


def failing_action(walk: Walk) -> None:
    """Identity answers the actions what it never says: actions raise, in every way there is."""
    person, password = walk.person, walk.password()
    tap = walk.world.identity
    with walk.browser() as visitor:
        walk.until_the_password(visitor, person.email)
        visitor.gives("password", password)
        for answer in (
            b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\nConnection: close\r\n\r\nnot JSON {",
            b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\n[]",
            b"HTTP/1.1 409 Conflict\r\nContent-Length: 4\r\nConnection: close\r\n\r\noops",
            b"HTTP/1.1 500 Oh\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
            b"",
        ):
            with _ill(tap, "/v1/registrations", answer):
                _press_on(visitor)
                assert visitor.messages[-1]["kind"] == "failure", f"no failure: {visitor.last_words()[:200]}"
        with _ill(
            walk.world.actions, "/webhook", b"HTTP/1.1 500 Oh\r\nContent-Length: 4\r\nConnection: close\r\n\r\noops"
        ):
            _press_on(visitor)
        before = walk.mail()
        _retry(visitor)
        visitor.at("verification_code")
        visitor.gives("verification_code", walk.newest_code(person.email, before))
        visitor.at("done")


def identity_down(walk: Walk) -> None:
    """Secrets given and typed while identity is away."""
    person, password = walk.person, walk.password()
    with walk.browser() as visitor:
        walk.until_the_password(visitor, person.email)
        with _away(walk, "identity", walk.world.identity):
            assert visitor.gives("password", password) == 503
            visitor.says(password)
            visitor.says(f"la password è {walk.spoken_password()}")
            visitor.send("POST", "/api/messages", {"client_id": "a" * 8, "text": walk.census.tax_code(walk.way)})
            visitor.post_as_page("/api/sign-in", {"username": person.email, "password": password})
        visitor.gives("password", password)
        before = walk.mail()
        visitor.chooses(_NOTICE_READ)
        code = walk.newest_code(person.email, before)
        with _ill(walk.world.identity, "/", b""):
            visitor.send("POST", "/api/messages", {"client_id": "b" * 8, "text": f"codice {code}"})
            visitor.send("POST", "/api/secrets", {"client_id": "c" * 8, "purpose": "verification_code", "value": code})
        visitor.gives("verification_code", code)
        visitor.at("done")


def engine_down(walk: Walk) -> None:
    """Secrets given and typed while the engine is away: nobody can tell a question from a password."""
    person, password = walk.person, walk.password()
    with walk.browser() as visitor:
        walk.until_the_password(visitor, person.email)
        with _away(walk, "engine", walk.world.engine):
            visitor.says(password)
            visitor.says("perché serve la password?")
            visitor.says(f"ecco {walk.spoken_password()}")
            visitor.says(f"il mio codice fiscale è {person.tax_code}")
            visitor.gives("password", password)
        _retry(visitor)
        before = walk.mail()
        visitor.chooses(_NOTICE_READ)
        code = walk.newest_code(person.email, before)
        with _ill(walk.world.engine, "/webhooks/turn", b""):
            visitor.says(f"{code[:3]} {code[3:]}")
        _retry(visitor)
        visitor.at("done")


def killed_in_the_middle(walk: Walk) -> None:
    """kill -9 of gateway and identity between two secrets: what they had not yet written away stays on disk."""
    person, password = walk.person, walk.password()
    with walk.browser() as visitor:
        walk.until_the_password(visitor, person.mobile)
        visitor.says(f"la password è {walk.spoken_password()}")
        visitor.gives("password", password)
        for name in ("identity", "gateway"):
            _kill(walk, name)
        walk.world.stack.wait_until_ready()
        before = walk.mail()
        visitor.chooses(_NOTICE_READ)
        _retry(visitor)
        visitor.gives("verification_code", walk.newest_code(person.mobile, before))
        visitor.at("done")


def _retry(visitor: Visitor) -> None:
    """Press "Riprova" as long as it is offered."""
    for _ in range(4):
        if visitor.messages[-1]["kind"] != "failure":
            return
        visitor.chooses("Riprova")
    raise AssertionError(f"the turn keeps failing: {visitor.last_words()[:200]}")


def _press_on(visitor: Visitor) -> None:
    visitor.chooses("Riprova" if visitor.messages[-1]["kind"] == "failure" else _NOTICE_READ)


def _kill(walk: Walk, name: str) -> None:
    killed = walk.world.stack.pid(name)
    os.kill(killed, signal.SIGKILL)
    with contextlib.suppress(KeyError):  # until the supervisor has seen it
        while walk.world.stack.pid(name) == killed:
            time.sleep(0.02)
    time.sleep(0.2)


@contextlib.contextmanager
def _away(walk: Walk, name: str, tap: Wiretap) -> Iterator[None]:
    """kill -9, and nobody reaches it for as long as the block lasts."""
    with _ill(tap, "/", b""):
        _kill(walk, name)
        yield
        walk.world.stack.wait_until_ready(name)


@contextlib.contextmanager
def _ill(tap: Wiretap, path: str, answer: bytes) -> Iterator[None]:
    """Answers to what is asked under that path come from here; nothing at all is a connection that ends."""
    tap.fault = lambda _, asked: answer if asked.startswith(path) else None
    try:
        yield
    finally:
        tap.fault = None


# ---- handover ----


def handover(walk: Walk) -> None:
    """A person is asked for at each step, with secrets beside it (manual 6c)."""
    person, password = walk.person, walk.password()
    with walk.browser() as visitor:
        walk.until_the_password(visitor, person.email)
        visitor.says("voglio parlare con una persona")
        visitor.says(f"voglio parlare con una persona, la password {walk.spoken_password()} non va")
        assert visitor.send("POST", "/api/secrets", _password(password)).status_code == 409
        visitor.says(f"chiamatemi al {_spaced(person.mobile)}, il codice fiscale è {person.tax_code}")
        visitor.tells(f"chiamatemi al {_spaced(person.mobile)}")
        visitor.chooses("Torna all'assistente")
        visitor.until(lambda: visitor.state["step"] == "password", "the assistant does not go on")
        visitor.gives("password", password)


def _password(value: str) -> dict[str, str]:
    return {"client_id": "8" * 8, "purpose": "password", "value": value}


def _spaced(mobile: str) -> str:
    return f"{mobile[3:6]} {mobile[6:9]} {mobile[9:]}"


@dataclass(frozen=True)
class Way:
    """A way: its name, who goes it, what he does, and which of his contacts he tells."""

    name: str
    play: Callable[[Walk], None]
    type: Type = "persona"
    typed: tuple[str, ...] = ("email", "mobile")


# What the interception is for, played with it and without.
INTERCEPTED: tuple[Way, ...] = (
    Way("password typed", password_typed, typed=("email",)),
    Way("tax code typed", tax_code_typed, typed=("email",)),
    Way("code typed", code_typed, typed=("email",)),
)
WAYS: tuple[Way, ...] = (
    *INTERCEPTED,
    Way("story A, by the card", by_the_card, typed=("email",)),
    Way("story B, by the card", by_the_card, "azienda", ("mobile",)),
    Way("section C, codice fiscale", section_c, typed=()),
    Way("section C, partita IVA", section_c, "azienda", ()),
    Way("sign-in, step-up, reset", customer_area, typed=("email",)),
    Way("typed when asked", typed_when_asked, typed=()),
    Way("typed at the wrong moment", typed_at_the_wrong_moment, typed=("email",)),
    Way("slashed", slashed, typed=("mobile",)),
    Way("one-time page", one_time_page, typed=()),
    Way("misused API", misused_api, typed=("email",)),
    Way("action server killed", action_server_killed, typed=("email",)),
    Way("failing action", failing_action, typed=("email",)),
    Way("identity down", identity_down, typed=("email",)),
    Way("engine down", engine_down, typed=("email",)),
    Way("killed in the middle", killed_in_the_middle, typed=("mobile",)),
    Way("handover", handover),
)


def gather_codes(world: World, census: Census) -> None:
    """Look for every code that was sent, also those that nobody used; it goes to the way of who got it."""
    ways: Mapping[str, str] = {contact: person.way for person in census.people for contact in person.on_file}
    for message in world.stack.mailbox():
        for code in _CODE.findall(message["text"]):
            census.code(code, ways.get(message["to"], "nobody's"))


def _place_in(error: BaseException) -> str:
    """The last line of ours that it came through."""
    ours = [frame for frame in traceback.extract_tb(error.__traceback__) if "canary" in Path(frame.filename).parts]
    return f"{Path(ours[-1].filename).name}:{ours[-1].lineno}" if ours else "?"


def play(world: World, census: Census, people: Mapping[str, Person], ways: tuple[Way, ...]) -> dict[str, str]:
    """Go all ways, one after the other; which could not be gone to their end, and why."""
    failed: dict[str, str] = {}
    for way in ways:
        try:
            way.play(Walk(world, census, way.name, people[way.name]))
        except Exception as error:  # whatever it was, the other ways are gone all the same
            failed[way.name] = f"{type(error).__name__} at {_place_in(error)}: {str(error).partition(chr(10))[0][:200]}"
    return failed
