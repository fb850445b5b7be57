"""A visitor with her own valid session tries to read and to write another's conversation, by all that she can name.

Every attempt has its control: the owner does the same under her own cookie and must succeed, or the attempt shows
nothing. What counts is the owner's conversation as it lies in the database, and the bytes that the stranger gets.
"""

from __future__ import annotations

import contextlib
import sqlite3
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote
from uuid import uuid4

import httpx

from benchmarks.canary.people import Census, Person
from benchmarks.canary.visitor import ANSWER_SECONDS, Visitor
from benchmarks.canary.ways import Walk
from benchmarks.canary.world import World

COOKIE = "ac_session"
_STREAM_SECONDS = 3.0  # at most; a stream begins with all that there is and the state
_RACERS = 3
_RACE_SECONDS = 2.0
NAMED = ("conversation_id", "conversation", "id", "session", "token", "sender_id", "client_id", "owner", "seq")
HEADERS = ("X-Conversation", "X-Conversation-Id", "X-Session-Token", "X-Session", "X-Original-URL", "X-Rewrite-URL")
FORWARDED = ("X-Forwarded-For", "X-Real-IP", "Forwarded", "X-Forwarded-User")


@dataclass
class Tally:
    """What was tried, how often it succeeded, and whether the control succeeded where it must."""

    tried: dict[str, int] = field(default_factory=dict)
    succeeded: list[str] = field(default_factory=list)
    controls: dict[str, bool] = field(default_factory=dict)

    def note(self, kind: str, what: str, success: bool) -> None:
        self.tried[kind] = self.tried.get(kind, 0) + 1
        if success:
            self.succeeded.append(f"{kind}: {what}")

    def figures(self) -> dict[str, Any]:
        return {
            "attempts": sum(self.tried.values()),
            "by_kind": self.tried,
            "successes": self.succeeded,
            "controls_failed": sorted(name for name, held in self.controls.items() if not held),
        }


@dataclass(frozen=True)
class Row:
    """The owner's conversation as the ledger has it."""

    id: str
    token_hash: str
    rotation_key: str
    csrf: str
    step: str
    last_seq: int
    closed_at: str | None


class Owner:
    """A customer in the middle of her registration, and what of her conversation a stranger might come to know."""

    def __init__(self, world: World, visitor: Visitor, person: Person) -> None:
        self.visitor = visitor
        self.person = person
        self._database = world.stack.gateway_database
        self._csrf = visitor.csrf

    @property
    def cookie(self) -> str:
        return str(self.visitor.http.cookies[COOKIE])

    def row(self) -> Row:
        """As it is now."""
        names = ("id", "token_hash", "rotation_key", "csrf", "step", "last_seq", "closed_at")
        with contextlib.closing(sqlite3.connect(self._database, timeout=10)) as connection:
            query = f"SELECT {', '.join(names)} FROM conversations WHERE csrf = ?"
            return Row(*connection.execute(query, (self._csrf,)).fetchone())

    def wait_for_answer(self) -> None:
        """Until nothing of hers waits for the assistant: what changes afterwards is somebody else's doing."""
        query = """SELECT 1 FROM turns t JOIN conversations c ON c.id = t.conversation_id
            WHERE c.csrf = ? AND t.state = 'pending'"""
        until = time.monotonic() + ANSWER_SECONDS
        with contextlib.closing(sqlite3.connect(self._database, timeout=10)) as connection:
            while connection.execute(query, (self._csrf,)).fetchone():
                assert time.monotonic() < until, "her own message is not answered"
                time.sleep(0.05)

    def choice_ids(self) -> list[str]:
        return [choice["id"] for message in self.visitor.messages for choice in message["choices"]]

    def client_ids(self) -> list[str]:
        return [message["client_id"] for message in self.visitor.messages if message["client_id"]]

    def marks(self) -> list[bytes]:
        """What stands in her conversation and in no other."""
        known = (self.person.email, self.person.family_name, *self.choice_ids(), self.row().csrf, self.row().id)
        return [mark.encode() for mark in known]

    def is_in(self, data: bytes) -> bool:
        """Whether something of hers stands there."""
        return any(mark in data for mark in self.marks())


def visit(world: World, census: Census, person: Person, other: Person) -> Tally:
    """All attempts: against a person's conversation, and by a session planted in the browser of another."""
    tally = Tally()
    walk = Walk(world, census, person.way, person)
    with walk.browser("owner") as visitor, walk.browser("stranger") as stranger:
        walk.until_the_password(visitor, person.email)
        stranger.open()
        owner = Owner(world, visitor, person)
        _reads(tally, owner, stranger)
        _writes(tally, owner, stranger)
        _from_her_own_page(tally, owner, stranger)
        _past_the_gateway(tally, world, owner)
        _one_time_links(tally, walk, owner, stranger)
        _codes(tally, walk, owner, stranger)
    _fixation(tally, Walk(world, census, other.way, other))
    return tally


# ---- reading ----


def _reads(tally: Tally, owner: Owner, stranger: Visitor) -> None:
    tally.controls["the owner reads her conversation"] = owner.is_in(_stream(owner.visitor.http, "?after=0"))
    row = owner.row()
    values = _known_of(owner)
    for query in (
        "",
        "?after=0",
        "?after=-1",
        f"?after={row.last_seq - 1}",
        "?after=999999",
        "?after=0&after=1",
        "?seq=1",
    ):
        tally.note("cursor", query, owner.is_in(_stream(stranger.http, query)))
    for cursor in ("0", "1", str(row.last_seq), "00", "999999", f"{row.id}:0", "0\t", row.id):
        tally.note("Last-Event-ID", cursor, owner.is_in(_stream(stranger.http, "", {"Last-Event-ID": cursor})))
    for what, value in values.items():
        query = "&".join(f"{name}={quote(value)}" for name in NAMED)
        tally.note("query", what, owner.is_in(_stream(stranger.http, f"?{query}")))
        headers = dict.fromkeys((*HEADERS, *FORWARDED), value)
        tally.note("header", what, owner.is_in(_stream(stranger.http, "", headers)))
    own = str(stranger.http.cookies[COOKIE])
    for what, value in values.items():
        for cookies in (
            f"{COOKIE}={value}",
            f"{COOKIE}={own}; {COOKIE}={value}",
            f"{COOKIE}={value}; {COOKIE}={own}",
            f"__Host-{COOKIE}={value}; {COOKIE}={own}",
            f'{COOKIE}="{value}"',
            f"{COOKIE.upper()}={value}",
            f"$Version=1; {COOKIE}={value}; $Path=/",
            f"{COOKIE}={own}\x20,{COOKIE}={value}",
        ):
            shown = cookies.replace(value, what).replace(own, "own")
            tally.note("cookie", shown, owner.is_in(_stream(stranger.http, "", {"Cookie": cookies})))
        tally.note("cookie", f"session of {what}", owner.is_in(_session(stranger, f"{COOKIE}={value}")))
    for path in _paths(row):
        for method in ("GET", "POST"):
            answer = _raw(stranger.http, method, path, stranger.csrf)
            tally.note("path", f"{method} {path.replace(row.id, 'id')}", owner.is_in(answer))


def _known_of(owner: Owner) -> dict[str, str]:
    """All that the database knows of the conversation, and what a screen shot shows. The cookie itself is not known."""
    row = owner.row()
    return {
        "id": row.id, "token hash": row.token_hash, "rotation key": row.rotation_key, "CSRF token": row.csrf,
        "choice id": owner.choice_ids()[0], "client id": owner.client_ids()[0], "contact": owner.person.email,
    }  # fmt: skip


def _paths(row: Row) -> Iterable[str]:
    """Where another's conversation might be found under an address, and ways around the routes."""
    yield from (
        f"/api/events/{row.id}",
        f"/api/events;{row.id}",
        f"/api/events%2f{row.id}",
        f"/api/conversations/{row.id}",
    )
    yield from (
        f"/api/conversations/{row.id}/events",
        f"/api/session/{row.id}",
        f"/api/messages/{row.id}",
        f"/{row.id}",
    )
    yield from ("//api/events", "/api//events", "/api/./events", "/api/x/../events", "/api/%65vents", "/API/EVENTS")
    yield from (
        "/webhooks/turn/turns",
        "/webhooks/turn/classify",
        "/webhooks/turn/health/ready",
        "/conversations",
        "/status",
    )
    yield from (
        f"/webhooks/turn/conversations/{row.id}",
        f"/conversations/{row.id}/tracker",
        f"/v1/registrations/{row.id}",
    )
    yield from (
        "/v1/vault/secrets",
        "/v1/mailbox/messages",
        "/metrics",
        "/debug",
        "/docs",
        "/openapi.json",
        "/api/desk",
    )
    for way in ("..", "%2e%2e", "..%2f..", "%2e%2e%2f%2e%2e%2f..", "..\\..", "....//.."):
        yield from (
            f"/static/{way}/var/gateway.db",
            f"/static/{way}/gateway.db",
            f"/static/chat/{way}/{way}/var/engine.db",
        )


def _session(stranger: Visitor, cookies: str) -> bytes:
    with httpx.Client(base_url=stranger.http.base_url, headers={"Origin": stranger.http.headers["Origin"]}) as client:
        return client.post("/api/session", json={}, headers={"Cookie": cookies}).content


# ---- writing ----


def _writes(tally: Tally, owner: Owner, stranger: Visitor) -> None:
    row = owner.row()
    for what, value in _known_of(owner).items():
        bodies: dict[str, dict[str, Any]] = {"choice": {"choice_id": value[:64]}, "text": {"text": "ciao"}}
        bodies |= {"text with ids": {"text": "ciao", **dict.fromkeys(NAMED[:6], value)}}
        for shape, body in bodies.items():
            with _unchanged(tally, owner, "message", f"{shape}: {what}"):
                stranger.send("POST", "/api/messages", {"client_id": str(uuid4()), **body})
        for path in ("/api/messages", "/api/secrets", "/api/secrets/link", "/api/session"):
            with _unchanged(tally, owner, "CSRF token", f"{path}: {what}"):
                body = {"client_id": str(uuid4()), "text": "ciao"} if path == "/api/messages" else {}
                stranger.send("POST", path, body, headers={"X-CSRF-Token": value})
        with _unchanged(tally, owner, "message header", what):
            stranger.send("POST", "/api/messages", _text(), headers=dict.fromkeys(HEADERS, value))
    for choice in owner.choice_ids():
        with _unchanged(tally, owner, "choice id", "of the owner"):
            stranger.send("POST", "/api/messages", {"client_id": str(uuid4()), "choice_id": choice})
    for client_id in owner.client_ids():
        with _unchanged(tally, owner, "client id", "of the owner, text"):
            answer = stranger.send("POST", "/api/messages", {"client_id": client_id, "text": "ciao"})
            tally.note("client id", "tells what the owner wrote", owner.is_in(answer.content))
        with _unchanged(tally, owner, "client id", "of the owner, secret"):
            stranger.send("POST", "/api/secrets", {"client_id": client_id, "purpose": "password", "value": "Abcdefg1"})
    with _unchanged(tally, owner, "end", "with the owner's CSRF token"):
        stranger.send("DELETE", "/api/session", headers={"X-CSRF-Token": row.csrf})
    before = owner.row().last_seq
    owner.visitor.says("perché serve la password?")
    tally.controls["the owner writes"] = owner.row().last_seq > before


def _from_her_own_page(tally: Tally, owner: Owner, stranger: Visitor) -> None:
    """The owner's browser opens the stranger's page, which sends requests with the owner's cookie."""
    gateway = str(owner.visitor.http.base_url).rstrip("/")
    origins = {"none": None, "null": "null", "hers": "https://altrove.example", "alike": f"{gateway}.altrove.example"}
    origins |= {"other port": "http://localhost:1", "with a path": f"{gateway}/x", "in capitals": gateway.upper()}
    secret = {"client_id": str(uuid4()), "purpose": "password", "value": "Abcdefg1"}
    for what, origin in (*origins.items(), ("the right one", gateway)):
        for csrf in ("", stranger.csrf) if what == "the right one" else ("", stranger.csrf, owner.visitor.csrf):
            for method, path, body in (
                ("POST", "/api/messages", _text()),
                ("POST", "/api/secrets", secret),
                ("POST", "/api/secrets/link", {}),
                ("DELETE", "/api/session", None),
            ):
                with (
                    _unchanged(tally, owner, "forged", f"{method} {path}, Origin {what}"),
                    _as(owner, origin, csrf) as forged,
                ):
                    forged.request(method, path, json=body)
    for kind in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"):
        with _unchanged(tally, owner, "forged", kind), _as(owner, None, "") as forged:
            forged.post(
                "/api/messages", content=b'{"client_id": "12345678", "text": "x"}', headers={"Content-Type": kind}
            )
    for override in ("X-HTTP-Method-Override", "X-HTTP-Method", "X-Method-Override"):
        with _unchanged(tally, owner, "forged", override), _as(owner, None, "") as forged:
            forged.get("/api/messages?text=ciao&client_id=12345678", headers={override: "POST"})
    with _as(owner, gateway, owner.visitor.csrf) as herself:
        tally.controls["the owner's own page writes"] = herself.post("/api/messages", json=_text()).status_code == 202
    owner.wait_for_answer()


@contextlib.contextmanager
def _as(owner: Owner, origin: str | None, csrf: str) -> Iterator[httpx.Client]:
    headers = {"X-CSRF-Token": csrf} | ({"Origin": origin} if origin is not None else {})
    with httpx.Client(base_url=owner.visitor.http.base_url, cookies={COOKIE: owner.cookie}, headers=headers) as client:
        yield client


def _past_the_gateway(tally: Tally, world: World, owner: Owner) -> None:
    """The inner processes asked directly, by somebody on the machine who has no key."""
    row = owner.row()
    turn = {"conversation_id": row.id, "message_id": uuid4().hex, "channel": "web", "locale": "it", "text": "ciao"}
    deposit = {"conversation_id": row.id, "purpose": "password", "value": "Abcdefg1"}
    urls = world.stack.urls
    for key in ("", "Bearer", "Bearer x", f"Bearer {row.csrf}", f"Basic {row.token_hash}", f"Bearer {row.id}"):
        headers = {"Authorization": key, "X-Conversation": row.id} if key else {}
        for method, url, body in (
            ("POST", f"{urls.engine}/webhooks/turn/turns", turn),
            ("GET", f"{urls.engine}/webhooks/turn/conversations/{row.id}", None),
            ("DELETE", f"{urls.engine}/webhooks/turn/conversations/{row.id}", None),
            ("GET", f"{urls.engine}/conversations/{row.id}/tracker", None),
            ("POST", f"{urls.actions}/webhook", {"next_action": "action_listen", "tracker": {"sender_id": row.id}}),
            ("POST", f"{urls.identity}/v1/vault/secrets", deposit),
            ("GET", f"{urls.identity}/v1/mailbox/messages", None),
        ):
            what = f"{method} {url.replace(row.id, 'id')}"
            with _unchanged(tally, owner, "past the gateway", what):
                answer = httpx.request(method, url, json=body, headers=headers, timeout=10)
                told = answer.content.replace(row.id.encode(), b"")  # an error may repeat the address that was asked
                tally.note("past the gateway", f"{answer.status_code} {what}", answer.is_success or owner.is_in(told))
    with_key = {"Authorization": f"Bearer {world.stack.keys['identity_gateway_key']}"}
    answer = httpx.get(f"{urls.identity}/v1/mailbox/messages", headers=with_key, timeout=10)
    tally.controls["the gateway's key opens identity"] = answer.status_code == 200


# ---- one-time links ----


def _one_time_links(tally: Tally, walk: Walk, owner: Owner, stranger: Visitor) -> None:
    """A link of hers on the owner's conversation, the owner's link without its cookie, and once it is used."""
    mine = owner.visitor.send("POST", "/api/secrets/link", {}).json()["url"]
    path = "/" + mine.split("/", 3)[3]
    own_link = stranger.send("POST", "/api/secrets/link", {})
    tally.note("one-time link", "where no secret is due", own_link.status_code == 200)
    token = path.rpartition("/")[2]
    for what, tried in {
        "shorter": token[:-1], "longer": token + "A", "another case": token.swapcase(), "twice": f"{token}/{token}",
        "an id": owner.row().id, "a hash": owner.row().token_hash, "nothing": "", "fatto": "fatto",
        "quoted": f"%22{token}",
    }.items():  # fmt: skip
        for method in ("GET", "POST"):
            with _unchanged(tally, owner, "one-time link", f"{method} {what}"):
                answer = stranger.http.request(method, f"/riservato/{tried}", data={"new-password": "Abcdefg1"})
                tally.note("one-time link", f"a form for {what}", b"<form" in answer.content)
    with _unchanged(tally, owner, "one-time link", "POST without its cookie"):
        stranger.http.post(path, data={"new-password": "Abcdefg1", "csrf": "0" * 64})
    with _unchanged(tally, owner, "one-time link", "POST with the chat's CSRF token"):
        stranger.http.post(path, data={"new-password": "Abcdefg1", "csrf": owner.visitor.csrf})
    page = stranger.http.get(path)
    tally.note("one-time link", "its page shows the conversation", owner.is_in(page.content))
    newer = owner.visitor.send("POST", "/api/secrets/link", {}).json()["url"]
    with _unchanged(tally, owner, "one-time link", "replaced by a newer one"):
        _fill(stranger, path, "Abcdefg1")
    password, before = walk.password(), owner.row().step
    _fill(owner.visitor, "/" + newer.split("/", 3)[3], password)
    _until(lambda: owner.row().step != before)
    tally.controls["the owner's link takes her password"] = owner.row().step == "privacy_notice"
    with _unchanged(tally, owner, "one-time link", "used already"):
        _fill(stranger, "/" + newer.split("/", 3)[3], "Abcdefg1")


def _fill(visitor: Visitor, path: str, value: str) -> httpx.Response:
    page = visitor.http.get(path).text
    csrf = page.partition('name="csrf" value="')[2].partition('"')[0]
    return visitor.http.post(path, data={"new-password": value, "csrf": csrf})


# ---- codes ----


def _codes(tally: Tally, walk: Walk, owner: Owner, stranger: Visitor) -> None:
    """The owner's code in the stranger's conversation; choices of the owner that are dead by now."""
    before = walk.mail()
    owner.visitor.chooses("Ho preso visione")
    code = walk.newest_code(walk.person.email, before)
    stale = owner.choice_ids()
    with _unchanged(tally, owner, "code", "of the owner, in the stranger's conversation"):
        stranger.gives("verification_code", code)
        stranger.says(code)
    for choice in stale:
        with _unchanged(tally, owner, "choice id", "of the owner, stale"):
            stranger.send("POST", "/api/messages", {"client_id": str(uuid4()), "choice_id": choice})
    pressed = owner.visitor.send("POST", "/api/messages", {"client_id": str(uuid4()), "choice_id": stale[0]})
    tally.note("choice id", "stale, by the owner herself", pressed.status_code != 409)
    owner.visitor.gives("verification_code", code)
    tally.controls["the owner's code is right"] = owner.row().step == "done"


# ---- a planted session ----


def _fixation(tally: Tally, walk: Walk) -> None:
    """The stranger begins a session and plants its cookie in the customer's browser. She keeps asking with it while the
    customer gives the code, from several threads, with streams left open. From the code on nothing may come to her.
    """
    person = walk.person
    with walk.browser("planter") as stranger, walk.browser("victim") as victim:
        stranger.begin()
        planted = str(stranger.http.cookies[COOKIE])
        for cookie in stranger.http.cookies.jar:
            victim.http.cookies.jar.set_cookie(cookie)
        before = walk.until_the_code(victim, person.email, walk.password())
        code = walk.newest_code(person.email, before)
        owner = Owner(walk.world, victim, person)
        with _holding(stranger, planted) as early:
            tally.controls["the planted cookie reads before the code"] = owner.is_in(_stream(early, "?after=0"))
        racers = [_Racer(stranger, planted) for _ in range(_RACERS)]
        for racer in racers:
            racer.start()
        time.sleep(0.3)
        last_read = owner.row().last_seq
        victim.gives("verification_code", code)
        for racer in racers:
            racer.code_given.set()
        victim.says("grazie mille, a presto")
        time.sleep(_RACE_SECONDS)
        for racer in racers:
            racer.stop()
        for racer in racers:
            tally.note("planted cookie", "reads what came with the code or after it", racer.read_after(last_read))
            tally.note("planted cookie", "gets the next cookie", racer.was_given_another)
            tally.note("planted cookie", "writes after the code", racer.wrote)
        tally.controls["the planted cookie was asked with while the code came"] = all(racer.asked for racer in racers)
        with _holding(stranger, planted) as late:
            tally.note("planted cookie", "reads a minute later", owner.is_in(_stream(late, "?after=0")))
            answer = late.post("/api/messages", json=_text(), headers={"X-CSRF-Token": victim.csrf})
            tally.note("planted cookie", "writes later", answer.status_code == 202)
        _two_tabs(tally, walk.world, victim)


def _two_tabs(tally: Tally, world: World, victim: Visitor) -> None:
    """The customer's two tabs share the new cookie, and both go on; a closed conversation is over in both."""
    cookie = str(victim.http.cookies[COOKIE])
    gateway = world.stack.urls.gateway
    with httpx.Client(base_url=gateway, cookies={COOKIE: cookie}, headers={"Origin": gateway}) as tab:
        session = tab.post("/api/session", json={}).json()
        answer = tab.post("/api/messages", json=_text(), headers={"X-CSRF-Token": session["csrf_token"]})
        tally.controls["the customer's second tab goes on"] = answer.status_code == 202
        tab.delete("/api/session", headers={"X-CSRF-Token": session["csrf_token"]})
    with httpx.Client(base_url=gateway, cookies={COOKIE: cookie}, headers={"Origin": gateway}) as closed:
        tally.note("ended conversation", "read", closed.get("/api/events").status_code == 200)
        answer = closed.post("/api/messages", json=_text(), headers={"X-CSRF-Token": session["csrf_token"]})
        tally.note("ended conversation", "written to", answer.status_code == 202)


class _Racer:
    """Asks with the planted cookie without a pause: streams, sessions, messages."""

    def __init__(self, stranger: Visitor, planted: str) -> None:
        self.was_given_another = self.wrote = False
        self.asked = 0
        self.code_given = threading.Event()
        self._stranger, self._planted = stranger, planted
        self._streamed: list[bytes] = []
        self._over = threading.Event()
        self._threads = [threading.Thread(target=work, daemon=True) for work in (self._listen, self._ask)]

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        self._over.set()
        for thread in self._threads:
            thread.join(10)

    def read_after(self, seq: int) -> bool:
        """Whether a message of the customer's conversation above `seq` came to her, by its id in the stream."""
        ids = {int(line[4:]) for part in self._streamed for line in part.splitlines() if line.startswith(b"id: ")}
        return any(number > seq for number in ids)

    def _listen(self) -> None:
        while not self._over.is_set():
            with _holding(self._stranger, self._planted) as client, contextlib.suppress(httpx.HTTPError):
                self._streamed.append(_stream(client, "?after=0", seconds=_RACE_SECONDS * 2, over=self._over))
            time.sleep(0.01)

    def _ask(self) -> None:
        with _holding(self._stranger, self._planted) as client:
            while not self._over.is_set():
                may_write = self.code_given.is_set()
                with contextlib.suppress(httpx.HTTPError):
                    headers = {"X-CSRF-Token": self._stranger.csrf}
                    self._note_cookie(client.post("/api/session", json={}, headers=headers))
                    client.cookies.clear()
                    client.cookies.set(COOKIE, self._planted)
                    if may_write:
                        answer = client.post("/api/messages", json=_text(), headers=headers)
                        self.wrote = self.wrote or answer.status_code == httpx.codes.ACCEPTED
                    self.asked += 1

    def _note_cookie(self, answer: httpx.Response) -> None:
        """Another cookie is worth something only where it opens a conversation with words of the customer's."""
        given = answer.cookies.get(COOKIE)
        if given and given != self._planted and answer.json().get("last_seq", 0) > 2:
            self.was_given_another = True


def _holding(visitor: Visitor, cookie: str) -> httpx.Client:
    headers = {"Origin": visitor.http.headers["Origin"]}
    return httpx.Client(base_url=visitor.http.base_url, cookies={COOKIE: cookie}, headers=headers, timeout=5)


# ---- asking ----


def _text() -> dict[str, str]:
    return {"client_id": str(uuid4()), "text": "ciao"}


@contextlib.contextmanager
def _unchanged(tally: Tally, owner: Owner, kind: str, what: str) -> Iterator[None]:
    """It is a success when the owner's conversation is another afterwards."""
    before = owner.row()
    yield
    tally.note(kind, what, owner.row() != before)


def _stream(
    client: httpx.Client,
    query: str,
    headers: dict[str, str] | None = None,
    *,
    seconds: float = _STREAM_SECONDS,
    over: threading.Event | None = None,
) -> bytes:
    """What the event stream gives within some time, and what a refusal says."""
    data, until = b"", time.monotonic() + seconds
    with (
        contextlib.suppress(httpx.HTTPError),
        client.stream("GET", f"/api/events{query}", headers=headers or {}, timeout=_STREAM_SECONDS) as answer,
    ):
        data += str(list(answer.headers.raw)).encode()
        for part in answer.iter_bytes():
            data += part
            has_all = over is None and b"event: state" in data
            if has_all or time.monotonic() > until or (over is not None and over.is_set()):
                break
    return data


def _raw(client: httpx.Client, method: str, path: str, csrf: str) -> bytes:
    """A path as it is, not tidied up; its headers and the first of what it answers."""
    url = httpx.URL(str(client.base_url).rstrip("/")).copy_with(raw_path=path.encode())
    data = b""
    with (
        contextlib.suppress(httpx.HTTPError),
        client.stream(method, url, headers={"X-CSRF-Token": csrf}, timeout=_STREAM_SECONDS) as answer,
    ):
        data += str(list(answer.headers.raw)).encode()
        for part in answer.iter_bytes():
            data += part
    return data


def _until(is_so: Callable[[], bool], seconds: float = 10) -> None:
    until = time.monotonic() + seconds
    while not is_so() and time.monotonic() < until:
        time.sleep(0.05)
