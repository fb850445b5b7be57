"""The people at the desk: they sign in, work with conversations, read all that the desk has, keep every byte of it."""

from __future__ import annotations

import asyncio
import contextlib
import re
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, get_args
from urllib.parse import urlencode
from uuid import uuid4

import httpx
from starlette.routing import BaseRoute, compile_path

from areaclienti.desk import totp
from areaclienti.desk.scope import Role
from areaclienti.desk.web import ROUTERS
from areaclienti.desk.web.figures import TableName
from benchmarks.canary.people import AGENCY
from benchmarks.canary.visitor import ANSWER_SECONDS
from benchmarks.desk.people import PASSWORD, Person, hire
from tests.stack import Stack

OWN_AGENCY, OTHER_AGENCY = AGENCY["agency_code"], "AG-C2"
AGENCY_EMAIL = AGENCY["agency_email"]
AGENCY_ADDRESSES = (AGENCY_EMAIL, "assistenza@areaclienti.example")  # and the pool's, where nothing is really sent
FOLDER = "desk"
_STREAM_SECONDS = 2.5
# Name, role and agency of everybody; whoever is first answers customers.
STAFF: Mapping[str, tuple[Role, str | None]] = {
    "anna": ("agente", OWN_AGENCY),
    "bruno": ("agente", OWN_AGENCY),
    "sara": ("supervisore", OWN_AGENCY),
    "piero": ("agente", None),
    "sofia": ("supervisore", None),
    "aldo": ("auditor", None),
    "olga": ("supervisore", OTHER_AGENCY),
}
STRANGER = "olga"  # of another agency: nobody's customer here is hers


@dataclass(frozen=True)
class Answer:
    """What an agent was answered: headers and body as they came, under the route's template."""

    who: str
    method: str
    route: str
    status: int
    data: bytes = field(repr=False)


def desk_routes() -> list[tuple[str, str]]:
    """Method and template of everything that the desk answers, as its routers have it."""
    return [one for router in ROUTERS for route in router.routes for one in _named(route)]


def _named(route: BaseRoute) -> Iterator[tuple[str, str]]:
    path = str(getattr(route, "path", "?"))
    yield from ((method, path) for method in sorted(getattr(route, "methods", None) or ("GET",)) if method != "HEAD")


class Office:
    """The desk of a running product with its staff. All answers of the desk are kept, also as files under `desk`."""

    def __init__(self, stack: Stack, folder: Path) -> None:
        self.stack = stack
        self.answers: list[Answer] = []
        self.scrapes: list[Answer] = []  # of Prometheus
        self._keeping = threading.Lock()
        self._folder = folder / FOLDER
        self._folder.mkdir(parents=True, exist_ok=True)
        self._routes = [(method, path, compile_path(path)[0]) for method, path in desk_routes()]
        # a path without a parameter is meant before one that a parameter fits
        self._routes.sort(key=lambda route: route[1].count("{"))
        self.staff = {name: Clerk(self, name, self._hired(role, agency)) for name, (role, agency) in STAFF.items()}

    def __getitem__(self, name: str) -> Clerk:
        return self.staff[name]

    def close(self) -> None:
        for clerk in self.staff.values():
            clerk.http.close()

    def keep(self, who: str, method: str, path: str, answer: httpx.Response, body: bytes) -> None:
        """Note what came. Raises LookupError for what is no route of the desk."""
        head = f"{answer.status_code}\n{list(answer.headers.raw)}\n\n".encode()
        kept = Answer(who, method, self.route_of(method, path), answer.status_code, head + body)
        with self._keeping:
            self.answers.append(kept)
            file = self._folder / f"{len(self.answers):05d}-{who}"
        file.write_bytes(f"{method} {kept.route}\n".encode() + kept.data)

    def scrape(self) -> None:
        """Ask every process for its metrics, with each key there is: what one of them opens is kept."""
        urls, keys = self.stack.urls, self.stack.keys.values()
        for name, url in (("gateway", urls.gateway), ("identity", urls.identity), ("engine", urls.engine),
                          ("actions", urls.actions), ("simulator", urls.simulator)):  # fmt: skip
            for key in ("", *keys):
                headers = {"Authorization": f"Bearer {key}"} if key else {}
                answer = httpx.get(f"{url}/metrics", headers=headers, timeout=ANSWER_SECONDS)
                if answer.is_success:
                    self.scrapes.append(Answer("prometheus", "GET", f"{name} /metrics", 200, answer.content))
                    break

    def agency_mail(self) -> list[bytes]:
        """What went to agencies and to the insurer's own people by e-mail, each message whole."""
        sent = [message for address in AGENCY_ADDRESSES for message in self.stack.mailbox(address)]
        return ["\n".join(map(str, message.values())).encode() for message in sent]

    def route_of(self, method: str, path: str) -> str:
        """The template that answers there. Raises LookupError."""
        for known, template, pattern in self._routes:
            if known == method and pattern.match(path):
                return template
        raise LookupError(f"no route for {method} {path}")

    def never_answered(self) -> list[str]:
        """Routes of the desk that gave nobody an answer to look into: not asked, or refused each time."""
        answered = {(one.method, one.route) for one in self.answers if one.status < 400 or one.route in NO_PROVIDER}
        return [f"{method} {path}" for method, path in desk_routes() if (method, path) not in answered]

    def handover_of(self, column: str, value: str) -> str:
        """The open handover of the conversation that has this in a column. Raises AssertionError where none comes."""
        query = f"""SELECT h.id FROM handovers h JOIN conversations c ON c.id = h.conversation_id
            WHERE c.{column} = ? AND h.ended_at IS NULL AND h.level IS NOT NULL"""
        found: list[tuple[str]] = []

        def is_placed() -> bool:
            found[:] = self.rows(query, value)
            return bool(found)

        wait(is_placed, "nobody was asked for, or the desk does not know whose customer it is")
        return found[0][0]

    def rows(self, query: str, *asked: Any) -> list[tuple[Any, ...]]:
        """Read the gateway's database while it runs."""
        uri = f"file:{self.stack.gateway_database}?mode=ro"
        with contextlib.closing(sqlite3.connect(uri, uri=True, timeout=10)) as connection:
            return connection.execute(query, asked).fetchall()

    def _hired(self, role: Role, agency: str | None) -> Person:
        url = f"sqlite+aiosqlite:///{self.stack.gateway_database}"
        return asyncio.run(hire(url, self.stack.keys["desk_key"], 1, role, agency=agency))[0]


# There is no OpenID provider in the run: what the door says then is looked into.
NO_PROVIDER = frozenset({"/desk/accesso/oidc", "/desk/accesso/oidc/ritorno"})


class Clerk:
    """One person of the staff at a browser, signed in from the first request on."""

    def __init__(self, office: Office, name: str, person: Person) -> None:
        self.name = name
        self.agency = STAFF[name][1]
        self.person = person
        self._office = office
        gateway = office.stack.urls.gateway
        self.http = httpx.Client(base_url=gateway, headers={"Origin": gateway}, timeout=ANSWER_SECONDS)
        self._is_in = False

    # ---- the door ----

    def sign_in(self) -> None:
        """Both factors, as the pages ask for them. Raises AssertionError."""
        self.http.cookies.clear()
        self._is_in = True
        self.get("/desk/accesso")
        given = {"email": self.person.email, "password": PASSWORD, "ritorno": "/desk/cerca"}
        assert self.form("/desk/accesso", given).status_code == 303, "the password was not taken"
        self.get("/desk/accesso/codice")
        wait(self._code_taken, "the code was not taken", pause=1.0)

    def _code_taken(self) -> bool:
        """A code is good once, and the next one half a minute later."""
        last = self._office.rows("SELECT totp_last_step FROM desk_agents WHERE id = ?", self.person.id)[0][0]
        code = totp.next_code(self.person.totp_secret, datetime.now(UTC), last)
        return code is not None and self.form("/desk/accesso/codice", {"codice": code}).status_code == 303

    # ---- asking ----

    def get(self, path: str, **query: str) -> httpx.Response:
        """A page, a file, or what the API reads."""
        return self._ask("GET", path, params=query)

    def form(self, path: str, fields: Mapping[str, str]) -> httpx.Response:
        """A form of a page."""
        return self._ask("POST", path, data=dict(fields), headers={"Sec-Fetch-Site": "same-origin"})

    def call(self, method: str, path: str, body: Any = None) -> httpx.Response:
        """What the pages' scripts ask; `path` behind `/desk/api`."""
        return self._ask(method, f"/desk/api{path}", json=body)

    def done(self, method: str, path: str, body: Any = None) -> Any:
        """The same where it must go well; the answer's content. Raises AssertionError."""
        answer = self.call(method, path, body)
        assert answer.is_success, f"{self.name}, {method} {self._office.route_of(method, f'/desk/api{path}')}: " + str(
            answer.status_code
        )
        return answer.json() if answer.content else None

    def listens(self, path: str, **query: str) -> None:
        """A stream of the API, from its beginning on, for a moment."""
        self._signed_in()
        until = time.monotonic() + ANSWER_SECONDS
        while not self._heard(f"/desk/api{path}", query):
            assert time.monotonic() < until, "a stream does not begin"

    def _heard(self, path: str, query: Mapping[str, str]) -> bool:
        """Listen once; whether there was an answer at all: on a crowded machine a stream may take longer to begin."""
        data, until = b"", time.monotonic() + _STREAM_SECONDS
        with (
            contextlib.suppress(httpx.ReadTimeout),
            self.http.stream("GET", path, params=dict(query), timeout=_STREAM_SECONDS) as stream,
        ):
            with contextlib.suppress(httpx.ReadTimeout):
                for part in stream.iter_bytes():
                    data += part
                    if time.monotonic() > until:
                        break
            self._office.keep(self.name, "GET", path, stream, data)
            return True
        return False

    def _ask(self, method: str, path: str, **options: Any) -> httpx.Response:
        self._signed_in()
        answer = self.http.request(method, path, **options)
        self._office.keep(self.name, method, path, answer, answer.content)
        return answer

    def _signed_in(self) -> None:
        if not self._is_in:
            self.sign_in()

    # ---- conversations ----

    def takes(self, handover: str) -> int:
        """Take it, also from whoever has it where a supervisor does; the epoch that replies go under."""
        taken = self.call("POST", f"/handovers/{handover}/claim")
        if not taken.is_success:
            taken = self.call("POST", f"/handovers/{handover}/force-take")
        assert taken.is_success, f"{self.name} could not take it: {taken.status_code}"
        return int(taken.json()["card"]["epoch"])

    def replies(self, handover: str, text: str) -> httpx.Response:
        """Write to the customer."""
        epoch = self.done("GET", f"/handovers/{handover}")["card"]["epoch"]
        body = {"client_id": uuid4().hex, "text": text, "epoch": epoch}
        return self.call("POST", f"/handovers/{handover}/replies", body)

    def reads(self, handover: str, words: str) -> None:
        """All that this agent can look at: lists, pages, files, streams, and everything of one conversation, which may
        be denied. `words` are looked for.
        """
        for path in ("/desk", "/desk/recapiti", "/desk/andamento", "/desk/accesso", "/desk/accesso/codice"):
            self.get(path)
        for path in ("/queue", "/agents"):
            self.done("GET", path)
        self.call("POST", "/heartbeat")
        self.call("PUT", "/presence", {"presence": "paused"})
        for query in ({}, {"testo": words}, {"codice": handover}, {"cosa": "assistente"}):
            for path in ("/desk/cerca", "/desk/cerca.csv"):
                self.get(path, **query)
        for table in get_args(TableName):
            self.get(f"/desk/andamento/{table}.csv", periodo="oggi")
        self.get(f"/desk/conversazioni/{handover}")
        for path in (f"/handovers/{handover}", f"/handovers/{handover}/summary", f"/handovers/{handover}/given"):
            self.call("GET", path)
        self.listens("/events")
        self.listens(f"/handovers/{handover}/events", after="0")


def all_read(office: Office, handover: str, words: str) -> None:
    """Everybody looks at everything, side by side. Who may not know the words doesn't look for them."""
    with ThreadPoolExecutor(len(office.staff)) as side_by_side:
        looking = [
            side_by_side.submit(clerk.reads, handover, "ciao" if clerk.name == STRANGER else words)
            for clerk in office.staff.values()
        ]
        for one in looking:
            one.result()
    office.scrape()


def ask_everything(clerk: Clerk, handover: str) -> None:
    """One request to each route of the routers, whatever comes of it."""
    filled = {"{handover_id}": handover, "{table}": "funnel"}
    for method, template in sorted(desk_routes(), key=lambda route: route[1] == "/desk/uscita"):
        path = re.sub(r"\{\w+\}", lambda found: filled.get(found[0], "unknown"), template)
        if path.endswith("/events"):
            clerk.listens(path.removeprefix("/desk/api"))
        elif method == "GET":
            clerk.get(path)
        elif path.startswith("/desk/api/"):
            clerk.call(method, path.removeprefix("/desk/api"), {})
        else:
            clerk.form(path, {"motivo": "unknown"})


def misuse_door(office: Office, secrets: list[str]) -> None:
    """Secrets where the desk's door and its fields do not want them. Nothing of it may come back."""
    clerk, given = office["piero"], secrets[0]
    for secret in secrets:
        clerk.get("/desk/accesso/oidc", ritorno=f"/desk?x={secret}")
        clerk.get("/desk/accesso/oidc/ritorno", state=secret, code=secret, iss=secret)
        clerk.get(f"/desk/invito/{re.sub('[^A-Za-z0-9]', '', secret)}")
        for path in ("/desk", "/desk/accesso", "/desk/recapiti", "/desk/andamento", "/desk/cerca"):
            clerk.get(path, password=secret)
        clerk.get("/desk/andamento", periodo=secret, dal=secret, al=secret, canale=secret)
        clerk.get("/desk/cerca", testo=secret, codice=secret, dal=secret, agente=secret, stato=secret, dopo=secret)
        clerk.form("/desk/recapiti/unknown/mostra", {"motivo": secret})
        clerk.form("/desk/recapiti/unknown/decisione", {"decisione": secret, "motivo": secret})
    stranger = httpx.Client(base_url=office.stack.urls.gateway, headers={"Origin": office.stack.urls.gateway})
    with stranger:
        for path, fields in (
            ("/desk/accesso", {"email": clerk.person.email, "password": given, "ritorno": given}),
            ("/desk/accesso/codice", {"codice": given}),
        ):
            answer = stranger.post(path, data=fields)
            office.keep("nobody", "POST", path, answer, answer.content)


def invited(office: Office, link: str) -> None:
    """Somebody opens an operator's invitation, chooses a weak password, then a good one, and is in."""
    gateway = office.stack.urls.gateway
    path = "/" + link.split("/", 3)[3]
    with httpx.Client(base_url=gateway, headers={"Origin": gateway}, timeout=ANSWER_SECONDS) as browser:
        page = browser.get(path)
        office.keep("invited", "GET", path, page, page.content)
        shown = re.search(r"\b(?:[A-Z2-7]{4} ){7}[A-Z2-7]{4}\b", page.text)
        assert shown, "the page shows no secret for the app"
        code = totp.next_code(shown[0].replace(" ", ""), datetime.now(UTC), None)
        for password, status in (("debole", 422), (PASSWORD, 303)):
            content = urlencode({"new-password": password, "codice": code})
            form = {"Content-Type": "application/x-www-form-urlencoded"}
            answer = browser.post(path, content=content, headers=form)
            office.keep("invited", "POST", path, answer, answer.content)
            assert answer.status_code == status, f"{answer.status_code} for an invitation"
        answer = browser.post("/desk/uscita")
        office.keep("invited", "POST", "/desk/uscita", answer, answer.content)


def wait(holds: Callable[[], bool], otherwise: str, *, pause: float = 0.05) -> None:
    """Until something is so. Raises AssertionError."""
    until = time.monotonic() + ANSWER_SECONDS
    while not holds():
        assert time.monotonic() < until, otherwise
        time.sleep(pause)
