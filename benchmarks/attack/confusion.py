"""Things used where they don't belong: codes, references, registrations, answers and sessions of somebody else."""

from __future__ import annotations

from areaclienti.crypto import new_token
from benchmarks.attack.attacker import PASSWORD, Attacker
from benchmarks.attack.findings import Finding
from benchmarks.attack.population import Person, Population


async def confuse(attacker: Attacker, population: Population, password_hash: str) -> Finding:
    """Tries each once and says which did anything that it should not; each has its right use beside it as a control."""
    finding = Finding("things used where they don't belong")
    tried = []
    for attack in (
        _code_of_another_registration,
        _code_of_another_purpose,
        _replaced_code,
        _registration_of_another_conversation,
        _references_of_another_conversation,
        _references_of_another_purpose,
        _answers_of_another_conversation,
        _keys_of_the_other_caller,
        _fixed_session,
        _reset_of_somebody_else,
        _step_up_of_another_session,
    ):
        await attack(attacker, population, password_hash, finding)
        tried.append(attack.__name__.strip("_"))
    finding.figures = {"tried": tried, "worked": len(finding.missed)}
    return finding


async def _code_of_another_registration(attacker: Attacker, population: Population, _: str, finding: Finding) -> None:
    mine, hers = await _on_file(population, 2)
    my_chat, her_chat = attacker.conversation(), attacker.conversation()
    mine_match = (await attacker.begin(my_chat, mine.claims())).json()
    her_match = (await attacker.begin(her_chat, hers.claims())).json()
    my_code, her_code = await attacker.newest_code(mine.email), await attacker.newest_code(hers.email)
    if my_code != her_code:  # equal once in a million
        answer = (await attacker.guess(her_chat, her_match["registration_id"], my_code)).json()
        finding.expect(answer.get("outcome") == "wrong_code", "a code was right in another registration")
    answer = (await attacker.guess(my_chat, mine_match["registration_id"], my_code)).json()
    finding.expect(answer.get("outcome") == "account_created", "the right code was refused afterwards")


async def _code_of_another_purpose(
    attacker: Attacker, population: Population, password_hash: str, finding: Finding
) -> None:
    """A couple with one mobile: his first access code is tried for her registration, and hers for his sign-in."""
    (her,) = population.people(1)
    (him,) = population.people(1)
    him = Person(him.given_name, him.family_name, him.birth, him.tax_code, him.email, her.mobile)
    _, his_id = await population.put_on_file([her, him])
    await population.open_accounts([his_id], [him], password_hash)
    chat = attacker.conversation()
    match = (await attacker.begin(chat, her.claims(her.mobile))).json()
    her_code, newest = await attacker.newest_code(her.mobile), await attacker.newest_message()
    pending = (await attacker.sign_in(him.email, PASSWORD, attacker.conversation().address)).json()
    his_code = await attacker.newest_code(her.mobile, newest)
    if her_code == his_code:
        return
    path = f"/v1/sign-in/{pending['sign_in_id']}/verification"
    answer = (await attacker.gateway("POST", path, {"code": her_code})).json()
    finding.expect(answer.get("outcome") == "wrong_code", "a registration's code opened a first access")
    answer = (await attacker.guess(chat, match["registration_id"], his_code)).json()
    finding.expect(answer.get("outcome") == "wrong_code", "a first access code made an account")
    answer = (await attacker.gateway("POST", path, {"code": his_code})).json()
    finding.expect(answer.get("outcome") == "signed_in", "the right code of the first access was refused")


async def _replaced_code(attacker: Attacker, population: Population, _: str, finding: Finding) -> None:
    (person,) = await _on_file(population, 1)
    chat = attacker.conversation()
    match = (await attacker.begin(chat, person.claims())).json()
    old, newest = await attacker.newest_code(person.email), await attacker.newest_message()
    await attacker.on(chat, match["registration_id"], "recheck", person.claims())
    new = await attacker.newest_code(person.email, newest)
    if old != new:
        answer = (await attacker.guess(chat, match["registration_id"], old)).json()
        finding.expect(answer.get("outcome") == "wrong_code", "a code that was replaced still works")
    await attacker.guess(chat, match["registration_id"], new)
    answer = (await attacker.guess(chat, match["registration_id"], new)).json()
    finding.expect(answer.get("code") == "no_challenge", "a used code works again")


async def _registration_of_another_conversation(
    attacker: Attacker, population: Population, _: str, finding: Finding
) -> None:
    (person,) = await _on_file(population, 1)
    chat, foreign = attacker.conversation(), attacker.conversation()
    registration_id = (await attacker.begin(chat, person.claims())).json()["registration_id"]
    for action, body in (
        ("recheck", person.claims()),
        ("code", {}),
        ("verification", {"code_reference": "vlt_0"}),
        ("identification", {"tax_code_reference": "vlt_0"}),
        ("chosen-contact", {"contact_id": "cto_0"}),
    ):
        answer = await attacker.on(foreign, registration_id, action, body)
        finding.expect(
            (answer.status_code, answer.json().get("code")) == (404, "registration_unknown"),
            f"another conversation reached {action}",
        )
    body = await attacker.registration_body(foreign, person.claims())
    answer = await attacker.actions("/v1/registrations", body, chat)
    finding.expect(answer.status_code == 422, "body and header may name different conversations")


async def _references_of_another_conversation(
    attacker: Attacker, population: Population, _: str, finding: Finding
) -> None:
    mine, hers = await _on_file(population, 2)
    my_chat, her_chat = attacker.conversation(), attacker.conversation()
    stolen = await attacker.registration_body(her_chat, hers.claims())
    body = await attacker.registration_body(my_chat, mine.claims())
    for name in ("password_reference", "acknowledgement_id"):
        answer = await attacker.actions("/v1/registrations", body | {name: stolen[name]}, my_chat)
        finding.expect(answer.status_code == 409, f"another conversation's {name} was taken")
    match = await attacker.actions("/v1/registrations", stolen, her_chat)
    finding.expect(match.json().get("outcome") == "code_sent", "the attempt used the reference up")
    code = await attacker.newest_code(hers.email)
    reference = await attacker.reference(her_chat, "verification_code", code)
    begun = (await attacker.begin(my_chat, mine.claims())).json()
    answer = await attacker.on(my_chat, begun["registration_id"], "verification", {"code_reference": reference})
    finding.expect(answer.status_code == 409, "another conversation's code reference was taken")
    registration_id = match.json()["registration_id"]
    answer = await attacker.on(her_chat, registration_id, "verification", {"code_reference": reference})
    finding.expect(answer.json().get("outcome") == "account_created", "the attempt used the code reference up")


async def _references_of_another_purpose(attacker: Attacker, population: Population, _: str, finding: Finding) -> None:
    (person,) = await _on_file(population, 1)
    chat = attacker.conversation()
    registration_id = (await attacker.begin(chat, person.claims())).json()["registration_id"]
    code = await attacker.reference(chat, "verification_code", "123456")
    tax_code = await attacker.reference(chat, "tax_code", person.tax_code)
    for action, body in (
        ("verification", {"code_reference": tax_code}),
        ("identification", {"tax_code_reference": code}),
    ):
        answer = await attacker.on(chat, registration_id, action, body)
        finding.expect(answer.status_code == 409, f"a reference of another purpose was taken by {action}")


async def _answers_of_another_conversation(
    attacker: Attacker, population: Population, _: str, finding: Finding
) -> None:
    """Whoever learns an Idempotency-Key must not get the answer that it stands for, nor spoil it."""
    (person,) = await _on_file(population, 1)
    chat, foreign, key = attacker.conversation(), attacker.conversation(), new_token()
    body = await attacker.registration_body(chat, person.claims())
    answer = await attacker.actions("/v1/registrations", body, chat, key)
    replayed = await attacker.actions("/v1/registrations", body, foreign, key)
    finding.expect(replayed.status_code == 422, "a key was replayed from another conversation")
    finding.expect(answer.json()["registration_id"] not in replayed.text, "the stored answer was given away")
    own = await attacker.registration_body(foreign, person.claims())
    other = await attacker.actions("/v1/registrations", own, foreign, key)
    finding.expect(
        other.json().get("registration_id") != answer.json()["registration_id"], "one key stands for two conversations"
    )
    again = await attacker.actions("/v1/registrations", body, chat, key)
    finding.expect(again.content == answer.content, "the same request under the same key was answered differently")
    changed = await attacker.actions("/v1/registrations", body | {"given_name": "Altro"}, chat, key)
    finding.expect(changed.json().get("code") == "idempotency_key_reused", "a key was used again for another request")


async def _keys_of_the_other_caller(attacker: Attacker, population: Population, _: str, finding: Finding) -> None:
    """Who holds the actions' key cannot deposit or sign in; who holds the gateway's cannot register."""
    (person,) = await _on_file(population, 1)
    chat = attacker.conversation()
    for path in ("/v1/vault/secrets", "/v1/sign-in"):
        finding.expect((await attacker.actions(path, {}, chat)).status_code == 403, f"actions may call {path}")
    body = await attacker.registration_body(chat, person.claims())
    headers = {"X-Conversation": chat.id, "Idempotency-Key": new_token()}
    answer = await attacker.gateway("POST", "/v1/registrations", body, **headers)
    finding.expect(answer.status_code == 403, "the gateway may register")


async def _fixed_session(attacker: Attacker, population: Population, password_hash: str, finding: Finding) -> None:
    """Neither a token nor a pending sign-in that the attacker knows beforehand becomes somebody's session."""
    victim, crook = people = population.people(2)
    ids = await population.put_on_file(people)
    await population.open_accounts(ids, people, password_hash)
    planted = new_token()
    crooks = (await attacker.sign_in(crook.email, PASSWORD, "198.51.100.20")).json()
    pending = (await attacker.sign_in(victim.email, PASSWORD, "198.51.100.21")).json()
    code = await attacker.newest_code(victim.mobile)
    path = "/v1/sign-in/{}/verification"
    answer = (await attacker.gateway("POST", path.format(crooks["sign_in_id"]), {"code": code})).json()
    finding.expect(answer.get("outcome") != "signed_in", "the victim's code opened the attacker's sign-in")
    headers = {"X-Session-Token": planted}
    opened = await attacker.gateway("POST", path.format(pending["sign_in_id"]), {"code": code}, **headers)
    token = opened.json()["session_token"]
    finding.expect(bool(token) and token != planted, "a session token of the attacker's choice was taken")
    for stale in (planted, pending["sign_in_id"], crooks["sign_in_id"]):
        seen = await attacker.gateway("GET", "/v1/customers/me", **{"X-Session-Token": stale})
        finding.expect(seen.status_code == 401, "what the attacker knew before is a session now")
    seen = await attacker.gateway("GET", "/v1/customers/me", **{"X-Session-Token": token})
    finding.expect(seen.status_code == 200, "the victim's own session does not work")
    again = (await attacker.sign_in(victim.email, PASSWORD, "198.51.100.21")).json()
    finding.expect(again["session_token"] not in (None, token), "two sign-ins share a session")
    replayed = await attacker.gateway("POST", path.format(pending["sign_in_id"]), {"code": code})
    finding.expect(replayed.status_code in (404, 409), "a first access code opened a second session")


async def _reset_of_somebody_else(
    attacker: Attacker, population: Population, password_hash: str, finding: Finding
) -> None:
    """A reset's code is good for that reset alone, and its end is the end of all that the old password opened."""
    mine, hers = people = population.people(2)
    ids = await population.put_on_file(people)
    await population.open_accounts(ids, people, password_hash, confirmed=True)
    before = (await attacker.sign_in(mine.email, PASSWORD, "198.51.100.30")).json()["session_token"]
    my_reset, her_reset = await _begin_reset(attacker, mine), await _begin_reset(attacker, hers)
    my_code, her_code = await attacker.newest_code(mine.mobile), await attacker.newest_code(hers.mobile)
    path = "/v1/password-resets/{}/{}"
    new = {"password": "Nuvola4Serena", "client_address": "198.51.100.30"}
    answer = await attacker.gateway("PUT", path.format(her_reset, "password"), new)
    finding.expect(answer.status_code == 404, "a password was replaced without a code")
    if my_code != her_code:
        answer = await attacker.gateway("POST", path.format(her_reset, "verification"), {"code": my_code})
        finding.expect(answer.json().get("outcome") == "wrong_code", "a code confirmed somebody else's reset")
    answer = await attacker.gateway("POST", path.format(my_reset, "verification"), {"code": my_code})
    finding.expect(answer.json().get("outcome") == "confirmed", "the right code of a reset was refused")
    answer = await attacker.gateway("PUT", path.format(her_reset, "password"), new)
    finding.expect(answer.status_code == 404, "my confirmed reset replaced her password")
    answer = await attacker.gateway("PUT", path.format(my_reset, "password"), new)
    finding.expect(answer.status_code == 204, "a confirmed reset could not be finished")
    again = await attacker.gateway("PUT", path.format(my_reset, "password"), new)
    finding.expect(again.status_code == 404, "a reset was used twice")
    seen = await attacker.gateway("GET", "/v1/customers/me", **{"X-Session-Token": before})
    finding.expect(seen.status_code == 401, "a session outlives the reset")
    old = (await attacker.sign_in(mine.email, PASSWORD, "198.51.100.30")).json()["outcome"]
    finding.expect(old == "rejected", "the old password still opens the account")


async def _step_up_of_another_session(
    attacker: Attacker, population: Population, password_hash: str, finding: Finding
) -> None:
    """A confirmation is good for one operation, of one session, once."""
    people = population.people(1)
    (person,) = people
    await population.open_accounts(await population.put_on_file(people), people, password_hash, confirmed=True)
    tokens = [
        (await attacker.sign_in(person.email, PASSWORD, "198.51.100.40")).json()["session_token"] for _ in range(2)
    ]
    mine, other = ({"X-Session-Token": token} for token in tokens)
    asked = (await attacker.gateway("POST", "/v1/step-ups", {"action": "end_other_sessions"}, **mine)).json()
    code = await attacker.newest_code(person.mobile)
    path = f"/v1/step-ups/{asked['step_up_id']}/verification"
    answer = await attacker.gateway("POST", path, {"code": code}, **other)
    finding.expect(answer.status_code == 404, "another session confirmed a step-up")
    confirmed = (await attacker.gateway("POST", path, {"code": code}, **mine)).json()
    finding.expect(confirmed.get("outcome") == "confirmed", "the right code of a step-up was refused")
    finding.expect(confirmed.get("session_token") not in (None, *tokens), "a step-up did not change the token")
    seen = await attacker.gateway("GET", "/v1/customers/me", **mine)
    finding.expect(seen.status_code == 401, "the token from before the step-up still works")
    mine = {"X-Session-Token": str(confirmed.get("session_token"))}
    body = {"step_up_id": asked["step_up_id"]}
    for owner, action in ((other, "sessions/end-others"), (mine, "account/deactivation")):
        answer = await attacker.gateway("POST", f"/v1/{action}", body, **owner)
        finding.expect(answer.status_code == 409, f"a confirmation served {action} of another session or operation")
    answer = await attacker.gateway("POST", "/v1/sessions/end-others", body, **mine)
    finding.expect(answer.status_code == 204, "a confirmed operation was refused")
    answer = await attacker.gateway("POST", "/v1/sessions/end-others", body, **mine)
    finding.expect(answer.status_code == 409, "a confirmation was used twice")
    seen = await attacker.gateway("GET", "/v1/customers/me", **other)
    finding.expect(seen.status_code == 401, "the other session was not ended")


async def _begin_reset(attacker: Attacker, person: Person) -> str:
    body = {"username": person.email, "client_address": attacker.conversation().address}
    return str((await attacker.gateway("POST", "/v1/password-resets", body)).json()["reset_id"])


async def _on_file(population: Population, count: int) -> list[Person]:
    people = population.people(count)
    await population.put_on_file(people)
    return people
