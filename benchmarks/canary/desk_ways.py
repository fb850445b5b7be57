"""The ways over the agents' desk: secrets typed to a person, a new contact, a call back, the same on WhatsApp."""

from __future__ import annotations

from collections.abc import Callable

from benchmarks.canary.office import AGENCY_EMAIL, Clerk, all_read, invited, misuse_door, wait
from benchmarks.canary.texter import Texter
from benchmarks.canary.visitor import Visitor
from benchmarks.canary.ways import Walk, Way
from benchmarks.canary.world import command_of

_PERSON = "voglio parlare con una persona"
_CALL_BACK = "Fatevi sentire"
_NOTICE_READ = "Ho preso visione"
_ALL_RIGHT = "È tutto giusto"


def typed_to_a_person(walk: Walk) -> None:
    """All secrets to who waits, to an agent and to a supervisor, then back to the assistant, and to the end."""
    office, person, password = walk.world.office, walk.person, walk.password("by the card, then to a person")
    anna, sara = office["anna"], office["sara"]
    with walk.browser() as visitor:
        before = walk.until_the_code(visitor, person.email, password)
        code = walk.newest_code(person.email, before)
        handover = _asks(walk, visitor)
        told = [password, f"la password è {password}", code, f"mi è arrivato {code[:3]} {code[3:]}, lo vede?"]
        told += [person.tax_code, f"non va, {person.tax_code.lower()}"]
        _tells_secrets(walk, visitor.says, "in the queue", told)
        anna.takes(handover)
        visitor.until(lambda: visitor.state["owner"] == "human", "nobody took it")
        visitor.tells(f"ciao, sono {person.name}, mi scrivete a {person.email}?")
        _tells_secrets(walk, visitor.says, "to a person", told)
        assert visitor.send("POST", "/api/secrets", _secret(password)).status_code == 409
        _works(anna, handover, person.email, [password, code, person.tax_code])
        all_read(office, handover, person.family_name)
        sara.takes(handover)
        _works(sara, handover, person.name, [f"la password è {password}"])
        colleague = {"agent_id": office["bruno"].person.id}
        sara.done("POST", f"/handovers/{handover}/transfer", colleague)
        office["bruno"].takes(handover)
        office["bruno"].done("POST", f"/handovers/{handover}/release")
        anna.takes(handover)
        back = {"step": "verification_code", "settled": ["question"], "missing": ["verification_code"]}
        anna.done("POST", f"/handovers/{handover}/hand-back", back)
        visitor.until(lambda: _stands(visitor, "verification_code"), "it was not given back")
        visitor.gives("verification_code", code)
        visitor.at("done")
        handover = _asks(walk, visitor)
        anna.takes(handover)
        anna.done("POST", f"/handovers/{handover}/close", {"outcome": "solved"})
        visitor.until(lambda: visitor.state["owner"] == "wrap_up", "it was not closed")
        visitor.chooses("Sì, molto")
        visitor.says(f"grazie, la password era {password}")
        visitor.says(f"e il codice {code}")
        all_read(office, handover, person.email)


def new_contact(walk: Walk) -> None:
    """Section C, then a contact that is not on file: one agent asks for it, a second one looks at it and confirms."""
    office, person = walk.world.office, walk.person
    anna, bruno, asked = office["anna"], office["bruno"], walk.census.asked_for(walk.way)
    with walk.browser() as visitor:
        walk.until_the_password(visitor, walk.census.email(walk.way))
        visitor.gives("password", walk.password())
        visitor.chooses(_NOTICE_READ)
        visitor.chooses(_ALL_RIGHT)
        visitor.gives("tax_code", person.tax_code)
        visitor.at("choose_contact")
        handover = _asks(walk, visitor)
        anna.takes(handover)
        for secret in (person.tax_code, walk.password("as a contact"), f"{person.tax_code}@x"):
            assert anna.call("POST", f"/handovers/{handover}/new-contact", {"contact": secret}).status_code == 422
        before = walk.mail()
        told = anna.done("POST", f"/handovers/{handover}/new-contact", {"contact": asked})
        assert told["outcome"] == "requested", told["outcome"]
        [(request,)] = office.rows("SELECT id FROM contact_requests WHERE handover_id = ?", handover)
        all_read(office, handover, person.family_name)
        for motive in (person.tax_code, "call_customer"):
            bruno.form(f"/desk/recapiti/{request}/mostra", {"motivo": motive})
        all_read(office, handover, person.family_name)
        given = {"decisione": "confirm", "motivo": "called_on_file"}
        assert bruno.form(f"/desk/recapiti/{request}/decisione", given).status_code == 303
        visitor.until(lambda: _stands(visitor, "verification_code"), "the new contact got no code")
        visitor.gives("verification_code", walk.newest_code(asked, before))
        visitor.at("done")
        all_read(office, handover, person.family_name)


def called_back(walk: Walk) -> None:
    """Nobody comes, the customer asks to be called back, and his agency is told by e-mail; then the pool's people."""
    office, person, password = walk.world.office, walk.person, walk.password()
    piero = office["piero"]
    with walk.browser() as visitor:
        before = walk.until_the_code(visitor, person.mobile, password)
        code = walk.newest_code(person.mobile, before)
        handover = _asks(walk, visitor)
        visitor.until(lambda: any(_offers(one, _CALL_BACK) for one in visitor.messages), "a call back is not offered")
        visitor.chooses(_CALL_BACK)
        visitor.until(lambda: visitor.state["owner"] == "callback", "it is no call back")
        told = [code, person.tax_code, f"{person.name}, la password è {password}"]
        _tells_secrets(walk, visitor.says, "before a call back", told)
        wait(lambda: bool(walk.world.stack.mailbox(AGENCY_EMAIL)), "the agency is not told")
        piero.takes(handover)
        _works(piero, handover, person.mobile, [code, person.tax_code])
        all_read(office, handover, person.family_name)
        piero.done("POST", f"/handovers/{handover}/transfer", {"agency_code": office["bruno"].agency})
        office["bruno"].takes(handover)
        office["bruno"].done("POST", f"/handovers/{handover}/close", {"outcome": "unreachable"})
        visitor.until(lambda: visitor.state["owner"] == "wrap_up", "it was not closed")
        all_read(office, handover, person.family_name)


def on_whatsapp(walk: Walk) -> None:
    """The same on WhatsApp: secrets to a person, as a correction, beside a picture."""
    office, person, password = walk.world.office, walk.person, walk.password()
    piero = office["piero"]
    with Texter(walk.world.stack, person.mobile, walk.way, walk.world.folder / "received") as texter:
        texter.says("ciao")
        texter.chooses(person.type)
        texter.says(person.name)
        texter.says(person.email)
        texter.says(_PERSON)
        query = "SELECT conversation_id FROM whatsapp_people WHERE user_id = ?"
        handover = office.handover_of("id", office.rows(query, texter.user_id)[0][0])
        piero.takes(handover)
        texter.settled()
        _tells_secrets(walk, texter.says, "to a person", [password, person.tax_code])
        texter.tells({"type": "text", "text": "mi sentite?"})
        texter.tells(texter.corrected(walk.password("as a correction of a message to a person")))
        texter.tells({"type": "image", "caption": f"la password è {password}"})
        _works(piero, handover, person.email, [password, person.tax_code])
        texter.settled()
        all_read(office, handover, person.family_name)
        piero.done("POST", f"/handovers/{handover}/close", {"outcome": "referred"})
        texter.settled()
        texter.says(f"la password era {password}")


def door(walk: Walk) -> None:
    """Secrets in the door's fields and in every address, an invitation, a session that ends."""
    office = walk.world.office
    misuse_door(office, [walk.spoken_password("at the door"), walk.password("at the door"), walk.person.tax_code])
    told = command_of(walk.world, "desk", "invite", "nuova.agente@filiale.example", "--name", "Nuova Agente")
    assert told.returncode == 0, "no invitation"
    invited(office, told.stdout.strip().splitlines()[-1])


def seen_by_a_person(walk: Walk) -> None:
    """For the control: secrets typed to an agent, and written by him."""
    piero, tax_code = walk.world.office["piero"], walk.census.tax_code(walk.way)
    with walk.browser() as visitor:
        visitor.open()
        handover = _asks(walk, visitor)
        piero.takes(handover)
        visitor.tells(f"la password è {walk.password()}")
        visitor.tells(tax_code)
        assert piero.replies(handover, f"è {tax_code}?").is_success
        piero.done("POST", f"/handovers/{handover}/notes", {"text": f"la password è {walk.password('in a note')}"})
        piero.done("PUT", f"/handovers/{handover}/draft", {"text": f"la password è {walk.password('in a draft')}"})
        piero.reads(handover, "password")


def _asks(walk: Walk, visitor: Visitor) -> str:
    """Ask for a person; the handover, as soon as the desk knows whose it is."""
    visitor.says(_PERSON)
    visitor.until(lambda: visitor.state["owner"] in ("queued", "offered"), "nobody is asked")
    return walk.world.office.handover_of("csrf", visitor.csrf)


def _tells_secrets(walk: Walk, says: Callable[[str], object], when: str, own: list[str]) -> None:
    """One of each kind as people write them, and the customer's own."""
    for text in (
        walk.census.tax_code(walk.way, said=f"alone, {when}"),
        _in_groups(walk.census.tax_code(walk.way, said=f"in groups, {when}").lower()),
        f"la partita iva è IT{walk.census.tax_code(walk.way, 'azienda', said=f'with words, {when}')}",
        walk.census.tax_code(walk.way, "azienda", said=f"digits alone, {when}"),
        f"ho messo {walk.spoken_password(f'in a sentence without its name, {when}')} e non va",
        f"La mia password è {walk.password(f'in a question, {when}')}, va bene?",
        walk.password(f"alone, {when}"),
        walk.spoken_password(f"alone, as a word, {when}"),
        *own,
    ):
        says(text)


def _works(clerk: Clerk, handover: str, contact: str, secrets: list[str]) -> None:
    """A reply, a note, a draft; with a secret in them they are refused."""
    of = f"/handovers/{handover}"
    for field in ("name", "contact"):
        clerk.done("POST", f"{of}/given/{field}", {"reason": "call_customer"})
        clerk.call("POST", f"{of}/given/{field}", {"reason": secrets[0]})
    assert clerk.replies(handover, f"Ciao, vedo {contact}: controllo subito.").is_success
    clerk.done("POST", f"{of}/notes", {"text": f"richiamare a {contact}"})
    clerk.done("PUT", f"{of}/draft", {"text": f"scrivo a {contact}"})
    for secret in secrets:
        text = f"il codice è {secret}"
        assert clerk.replies(handover, text).status_code == 422, "a reply with a secret was taken"
        for method, what in (("POST", "notes"), ("PUT", "draft")):
            assert clerk.call(method, f"{of}/{what}", {"text": text}).status_code == 422, f"{what} with a secret"
    for what in ("close", "hand-back", "transfer"):
        clerk.call("POST", f"{of}/{what}", {"outcome": secrets[0], "step": secrets[0], "agent_id": secrets[0]})


def _secret(password: str) -> dict[str, str]:
    return {"client_id": "7" * 8, "purpose": "password", "value": password}


def _in_groups(tax_code: str) -> str:
    return " ".join((tax_code[:3], tax_code[3:6], tax_code[6:11], tax_code[11:]))


def _stands(visitor: Visitor, step: str) -> bool:
    return (visitor.state["owner"], visitor.state["step"]) == ("bot", step)


def _offers(message: dict[str, list[dict[str, str]]], title: str) -> bool:
    return any(choice["title"] == title for choice in message["choices"])


DESK_WAYS: tuple[Way, ...] = (
    Way("desk, typed to a person", typed_to_a_person, typed=("email",)),
    Way("desk, a new contact", new_contact, typed=()),
    Way("desk, called back", called_back, typed=("mobile",)),
    Way("desk, on WhatsApp", on_whatsapp, typed=("email", "mobile")),
    Way("desk, the door", door, typed=()),
)
