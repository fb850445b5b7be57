"""The random walk: everything that gateway and actions can ask, in any order, also wrongly, twice and too late."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from datetime import timedelta
from typing import Any, ClassVar, TypeVar

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from tests.fuzz.model import (
    CODE_ATTEMPTS,
    CONTACTS,
    HAVE_NO_MOBILE,
    LIFE,
    PEOPLE,
    REGISTRATION_LIFE,
    SIGN_IN_LIFE,
    TAX_CODES,
    Account,
    Chat,
    Code,
    Model,
    Registration,
    SignIn,
    key_of,
)
from tests.fuzz.service import Answer, Service
from tests.unit.identity.world import PASSWORD

T = TypeVar("T")

pick = st.integers(0, 7)
# The newest thing is what a customer goes on with; older ones are what an attacker tries.
recent = st.integers(0, 3)
CODE_KINDS = ("right", "right", "right", "wrong", "wrong", "old", "somebody else's", "another purpose")
PAUSES = (1, 31, 31, 61, 61, 121, 301, 601, 3_601, 86_401)
NO_CODE = "no_challenge"
_CODES_OF_REFUSALS = {
    401: {"session_invalid"},
    404: {"registration_unknown", "sign_in_unknown"},
    409: {"acknowledgement_invalid", "password_reference_invalid", "code_reference_invalid"}
    | {"tax_code_reference_invalid", NO_CODE},
    422: {"unknown_contact", "idempotency_key_reused", "invalid_input", "secret_rejected"},
}


class IdentityWalk(RuleBasedStateMachine):
    """One walk over a service of its own. `steps` and `requests` count those of all walks of the process."""

    steps: ClassVar[int] = 0
    requests: ClassVar[int] = 0
    reached: ClassVar[dict[str, int]] = {}
    settings: ClassVar[dict[str, Any]] = {}

    def __init__(self) -> None:
        super().__init__()
        self.service = Service(**self.settings)
        self.model = Model()
        self._keys = itertools.count()
        self._sent: list[tuple[str, Any, str, str, Answer, Any]] = []
        self._checked_accounts = 0

    @property
    def now(self) -> Any:
        return self.service.clock.now

    # --- before a registration ------------------------------------------------------------------------------

    @rule(address=recent)
    def open_chat(self, address: int) -> None:
        self._step("open_chat")
        self._new_chat(f"192.0.2.{address}")

    @precondition(lambda self: self.model.chats)
    @rule(which=recent)
    def acknowledge(self, which: int) -> None:
        self._step("acknowledge")
        self._acknowledge(self._chat(which))

    @precondition(lambda self: self.model.chats)
    @rule(which=recent, value=st.sampled_from([PASSWORD, PASSWORD, "corta"]))
    def deposit_password(self, which: int, value: str) -> None:
        self._step("deposit_password")
        self._deposit(self._chat(which), "password", value)

    # --- registration ---------------------------------------------------------------------------------------

    @precondition(lambda self: self.model.chats)
    @rule(which=recent, who=st.integers(0, len(PEOPLE) - 1), foreign=pick)
    def begin(self, which: int, who: int, foreign: int) -> None:
        """Mostly with what the chat has; now and then with another's reference or acknowledgement."""
        self._step("begin")
        chat = self._chat(which)
        lender = self._chat(which + 1) if foreign == 0 else chat
        reference, _, until = lender.references.get("password", ("vlt_none", "", self.now))
        acknowledgement = self._chat(which + 1).acknowledgement_id if foreign == 1 else chat.acknowledgement_id
        claims, customer = PEOPLE[who]
        body = claims | {
            "conversation_id": chat.id,
            "channel": "web",
            "password_reference": reference,
            "acknowledgement_id": acknowledgement or "ack_none",
        }
        answer = self._post("/v1/registrations", body, chat)
        allowed = lender is chat and until > self.now
        if answer.status != 200:
            assert not allowed or acknowledgement is None or acknowledgement != chat.acknowledgement_id, answer
            return
        assert chat.acknowledgement_id is not None and acknowledgement == chat.acknowledgement_id, "no acknowledgement"
        assert allowed, "a password reference was used that cannot be had"
        chat.references.pop("password")
        registration = Registration(answer.body["registration_id"], chat, self.now + REGISTRATION_LIFE, claims)
        self.model.registrations.append(registration)
        self._matched(registration, answer, claims, customer)

    @rule(who=st.integers(0, len(PEOPLE) - 1), address=recent, to_the_end=st.booleans())
    def go_straight(self, who: int, address: int, to_the_end: bool) -> None:
        """What most customers do, up to the code or to the account."""
        self._step("go_straight")
        chat = self._new_chat(f"192.0.2.{10 + address}")
        self._acknowledge(chat)
        self._deposit(chat, "password", PASSWORD)
        claims, customer = PEOPLE[who]
        body = claims | {
            "conversation_id": chat.id,
            "channel": "web",
            "password_reference": chat.references.pop("password")[0],
            "acknowledgement_id": chat.acknowledgement_id,
        }
        answer = self._post("/v1/registrations", body, chat)
        assert answer.status == 200, answer
        registration = Registration(answer.body["registration_id"], chat, self.now + REGISTRATION_LIFE, claims)
        self.model.registrations.append(registration)
        self._matched(registration, answer, claims, customer)
        if to_the_end and registration.code is not None:
            self._verify(registration, registration.code.value)

    @precondition(lambda self: self.model.registrations)
    @rule(which=recent, who=st.integers(0, len(PEOPLE) - 1))
    def recheck(self, which: int, who: int) -> None:
        self._step("recheck")
        if (registration := self._registration(which)) is None:
            return
        claims, customer = PEOPLE[who]
        answer = self._on(registration, "recheck", claims)
        if answer is not None:
            self._matched(registration, answer, claims, customer)

    @precondition(lambda self: self.model.registrations)
    @rule(which=recent)
    def ask_for_a_new_code(self, which: int) -> None:
        self._step("ask_for_a_new_code")
        if (registration := self._registration(which)) is None:
            return
        answer = self._on(registration, "code", {})
        if answer is None:
            return
        if answer.status == 409:
            assert registration.matched is None or not registration.is_open, "a customer cannot get a new code"
            return
        assert registration.is_open and registration.matched is not None, "a code was sent where nothing was matched"
        self._issued(registration, answer, *registration.matched)

    @precondition(lambda self: self.model.registrations)
    @rule(which=recent, tax_code=st.sampled_from(sorted(TAX_CODES)))
    def identify(self, which: int, tax_code: str) -> None:
        self._step("identify")
        if (registration := self._registration(which)) is None:
            return
        reference = self._deposit(registration.chat, "tax_code", tax_code)
        answer = self._on(registration, "identification", {"tax_code_reference": reference})
        if answer is None:
            return
        registration.chat.references.pop("tax_code", None)
        if answer.outcome == "limit_reached":
            assert not answer.body["contacts"]
            return
        counted = self.model.counted
        counted.add("tax codes of a registration", registration.id, self.now)
        counted.add("tries of a tax code", tax_code, self.now)
        counted.add("tax codes from an address", registration.chat.address, self.now)
        holder = TAX_CODES[tax_code]
        if answer.outcome != "identified":
            assert not answer.body["contacts"]
            registration.offered, registration.identified = [], None
            return
        assert registration.is_open, "identified after the end"
        assert holder is not None and self._is_named(registration.claims, holder), "contacts shown to another name"
        assert self.model.account_of(holder) is None, "contacts shown of somebody who has an account"
        shown = [contact["masked"] for contact in answer.body["contacts"]]
        assert shown and len(shown) <= len(CONTACTS[holder])
        assert not any(contact in shown for contact in CONTACTS[holder]), "a contact was shown whole"
        registration.offered, registration.identified = answer.body["contacts"], holder

    @precondition(lambda self: self.model.registrations)
    @rule(which=recent, contact=pick, foreign=pick)
    def choose_contact(self, which: int, contact: int, foreign: int) -> None:
        self._step("choose_contact")
        if (registration := self._registration(which)) is None:
            return
        offers = registration.offered
        if foreign == 0:
            offers = [
                offer for other in self.model.registrations if other is not registration for offer in other.offered
            ]
        chosen = offers[contact % len(offers)]["id"] if offers else "cto_none"
        mine = chosen in [offer["id"] for offer in registration.offered] and registration.identified is not None
        answer = self._on(registration, "chosen-contact", {"contact_id": chosen})
        if answer is None:
            return
        if answer.status == 422:
            assert not mine or not registration.is_open, "an offered contact could not be chosen"
            return
        assert mine and registration.is_open, "a contact was chosen that was not offered here"
        self._withdraw(registration)
        if answer.outcome == "not_recognised":
            registration.customer = None
            return
        registration.customer = registration.identified
        self._issued(registration, answer, "contact_confirmation", None)

    @precondition(lambda self: self.model.registrations)
    @rule(which=recent, kind=st.sampled_from(CODE_KINDS), other=pick)
    def verify(self, which: int, kind: str, other: int) -> None:
        self._step("verify")
        if (registration := self._registration(which)) is None:
            return
        given = self._guess(registration.code, kind, other)
        reference = self._deposit(registration.chat, "verification_code", given)
        if other == 0 and len(self.model.chats) > 1:  # a reference of somebody else's conversation is of no use
            thief = self._chat(which + 1)
            if thief is not registration.chat:
                reference = self._deposit(thief, "verification_code", given)
                answer = self._on(registration, "verification", {"code_reference": reference})
                assert answer is None or answer.outcome in ("code_reference_invalid", NO_CODE), "a foreign reference"
                return
        self._verify(registration, given, reference)

    # --- sign-in --------------------------------------------------------------------------------------------

    @rule(which=recent, right=st.booleans(), address=recent, to_the_end=st.booleans())
    def sign_in(self, which: int, right: bool, address: int, to_the_end: bool) -> None:
        self._step("sign_in")
        account = self._of(self.model.accounts, which)
        username = account.username_key if account else "nessuno@posta.example"
        body = {
            "username": username.removeprefix("mobile:").removeprefix("email:"),
            "password": PASSWORD if right else "Sbagliata7Parola",
            "client_address": f"198.51.100.{address}",
        }
        answer = self.service.gateway("POST", "/v1/sign-in", body)
        assert answer.status == 200, answer
        self._note(f"sign_in: {answer.outcome}")
        if answer.outcome in ("rejected", "wait"):
            assert answer.outcome == "wait" or account is None or not right, "the right password was rejected"
            return
        assert account is not None and right, "somebody signed in without the password"
        if answer.outcome == "signed_in":
            assert account.first_access, "signed in without a first access"
            self._opened(answer)
        elif answer.outcome == "no_mobile":
            assert account.customer in HAVE_NO_MOBILE
        else:
            assert answer.outcome == "code_required" and not account.first_access
            for pending in self.model.sign_ins:
                if pending.username == account.username_key:
                    pending.is_open = False
            code = self._sent_code(answer.body["challenge"], "first_access", answer.body["sign_in_id"], None)
            expires = self.now + SIGN_IN_LIFE
            self.model.sign_ins.append(SignIn(answer.body["sign_in_id"], account.username_key, expires, code))
            if to_the_end:
                self._verify_sign_in(self.model.sign_ins[-1], code.value)

    @precondition(lambda self: self.model.sign_ins)
    @rule(which=recent, kind=st.sampled_from(CODE_KINDS), other=pick)
    def verify_sign_in(self, which: int, kind: str, other: int) -> None:
        self._step("verify_sign_in")
        if (pending := self._of(self.model.sign_ins, which)) is None:
            return
        given = self._guess(pending.code, kind, other)
        self._verify_sign_in(pending, given)

    @precondition(lambda self: self.model.sign_ins)
    @rule(which=recent)
    def ask_for_a_new_sign_in_code(self, which: int) -> None:
        self._step("ask_for_a_new_sign_in_code")
        if (pending := self._of(self.model.sign_ins, which)) is None:
            return
        answer = self.service.gateway("POST", f"/v1/sign-in/{pending.id}/code")
        self._note(f"new_sign_in_code: {answer.outcome}")
        if answer.status == 200 and answer.outcome == "code_sent":
            assert pending.is_open and pending.expires_at > self.now
            pending.code.state = "replaced" if pending.code.state == "active" else pending.code.state
            contact = pending.code.contact_key
            pending.code = self._sent_code(answer.body["challenge"], "first_access", pending.id, contact)

    @rule(which=recent, forged=pick)
    def look_at_ones_policies(self, which: int, forged: int) -> None:
        self._step("look_at_ones_policies")
        token = self._of(self.model.sessions, which)
        if forged == 0 or token is None:
            token = self.model.sign_ins[-1].id if self.model.sign_ins else "invented"
        answer = self.service.gateway("GET", "/v1/customers/me", **{"x-session-token": token})
        assert answer.status in (200, 401), answer
        assert answer.status == 401 or token in self.model.sessions, "somebody got in without a session"
        self._note(f"me: {answer.status}")

    @precondition(lambda self: self.model.sessions)
    @rule(which=recent)
    def sign_out(self, which: int) -> None:
        self._step("sign_out")
        if token := self._of(self.model.sessions, which):
            self.service.gateway("DELETE", "/v1/sessions/current", **{"x-session-token": token})
            self.model.sessions.remove(token)
            answer = self.service.gateway("GET", "/v1/customers/me", **{"x-session-token": token})
            assert answer.status == 401, "a session outlives the sign-out"

    # --- around ---------------------------------------------------------------------------------------------

    @rule(seconds=st.sampled_from(PAUSES))
    def time_passes(self, seconds: int) -> None:
        self._step("time_passes")
        self.service.clock.move(seconds=seconds)
        if seconds > 600:
            self.service.sweep()
            assert not [each for each in self.service.deliver() if each.code], "a code was sent late"

    @precondition(lambda self: self._sent)
    @rule(which=pick)
    def send_again(self, which: int) -> None:
        """A request that got lost on its way back: the same answer, and nothing done twice."""
        self._step("send_again")
        if not self._sent:
            return
        path, body, conversation, key, first, at = self._sent[-1 - which % len(self._sent)]
        if first.status != 200 or at <= self.now - timedelta(hours=23):
            return
        again = self.service.actions(path, body, conversation, key)
        assert again.raw == first.raw, f"{again.raw!r} is not {first.raw!r}"
        assert not [each for each in self.service.deliver() if each.code], "a repeated request sent a code"
        stranger = self.service.actions(path, body, "somebody-else", key)
        assert stranger.status in (404, 422), "somebody else got the answer of a key"
        changed = self.service.actions(path, dict(body) | {"another": "field"}, conversation, key)
        assert changed.outcome == "idempotency_key_reused", changed

    # --- what always holds ----------------------------------------------------------------------------------

    @invariant()
    def accounts_are_those_of_the_model(self) -> None:
        if self.steps % 10 and len(self.model.accounts) == self._checked_accounts:
            return
        self._checked_accounts = len(self.model.accounts)
        found = self.service.rows(
            "SELECT a.username_key, c.code FROM accounts a JOIN customers c ON c.id = a.customer_id"
        )
        expected = sorted((account.username_key, account.customer) for account in self.model.accounts)
        assert sorted((row[0], row[1]) for row in found) == expected, "the accounts are not those that were made"

    def teardown(self) -> None:
        try:
            self._look_into_the_database()
        finally:
            IdentityWalk.requests += self.service.requests
            self.service.close()

    def _look_into_the_database(self) -> None:
        rows = self.service.rows
        assert self.service.broken_link_of_audit() is None, "the audit is broken"
        assert not rows("SELECT id FROM challenges WHERE attempts_used > attempts_allowed OR attempts_used > 5")
        unfounded = (
            "SELECT a.id FROM accounts a WHERE NOT EXISTS (SELECT 1 FROM challenges c JOIN registrations r"
            " ON r.id = c.session_id WHERE r.id = a.registration_id AND c.status = 'used'"
            " AND c.purpose IN ('registration', 'contact_confirmation'))"
            " OR NOT EXISTS (SELECT 1 FROM acknowledgements k JOIN registrations r ON r.id = a.registration_id"
            " WHERE k.id = a.acknowledgement_id AND k.conversation_id = r.conversation_id)"
        )
        assert not rows(unfounded), "an account without a right code or an acknowledgement"
        assert not rows(
            "SELECT s.account_id FROM sign_in_sessions s JOIN accounts a ON a.id = s.account_id"
            " WHERE a.first_access_at IS NULL"
        ), "a session before the first access"
        assert not rows("SELECT id FROM outbox WHERE status IN ('sent', 'dropped') AND sealed IS NOT NULL")
        written = "\n".join(str(tuple(row)) for row in rows("SELECT event, reason, subject FROM audit"))
        leaked = [each for each in self.model.secrets if f"'{each}'" in written or (len(each) > 6 and each in written)]
        assert not leaked, f"{len(leaked)} secrets in the audit"

    # --- helpers --------------------------------------------------------------------------------------------

    def _verify_sign_in(self, pending: SignIn, given: str) -> None:
        answer = self.service.gateway("POST", f"/v1/sign-in/{pending.id}/verification", {"code": given})
        self._note(f"verify_sign_in: {answer.outcome}")
        alive = pending.is_open and pending.expires_at > self.now
        if answer.status == 404:
            assert not alive, "a sign-in that waits is unknown"
            return
        assert alive, "a sign-in that is over was taken up"
        right = self._checked(pending.code, given, answer, "signed_in")
        assert right == (answer.outcome == "signed_in"), f"the right code gave {answer.outcome}"
        if right:
            account = self.model.account_named(pending.username)
            assert account is not None
            account.first_access, pending.is_open = True, False
            self._opened(answer)

    def _verify(self, registration: Registration, given: str, reference: str | None = None) -> None:
        code, is_open = registration.code, registration.is_open
        reference = reference or self._deposit(registration.chat, "verification_code", given)
        answer = self._on(registration, "verification", {"code_reference": reference})
        if answer is None:
            return
        if answer.status == 200:
            registration.chat.references.pop("verification_code", None)
        if answer.outcome == NO_CODE:
            assert code is None or not is_open or code.state == "used", "there is a code, but it cannot be checked"
            return
        assert code is not None and is_open, f"{answer.outcome} without a code"
        right = self._checked(code, given, answer, "account_created")
        customer = registration.customer
        assert customer is not None
        is_free = self._is_free(customer, code.contact_key)
        if answer.outcome == "account_created":
            assert right and is_free, "an account was made that must not be"
            assert registration.chat.acknowledgement_id is not None
            self.model.accounts.append(Account(code.contact_key, customer))
            registration.is_open = False
            assert answer.body["account"]["has_mobile"] == (customer not in HAVE_NO_MOBILE)
        elif right:
            assert answer.outcome == "code_spent" and not is_free, f"the right code gave {answer.outcome}"

    def _step(self, name: str) -> None:
        IdentityWalk.steps += 1
        self._note(name)

    def _note(self, what: str) -> None:
        self.reached[what] = self.reached.get(what, 0) + 1

    def _of(self, things: Sequence[T], which: int) -> T | None:
        return things[-1 - which % len(things)] if things else None

    def _chat(self, which: int) -> Chat:
        return self._of(self.model.chats, which) or self._new_chat("192.0.2.1")

    def _registration(self, which: int) -> Registration | None:
        return self._of(self.model.registrations, which)

    def _new_chat(self, address: str) -> Chat:
        chat = Chat(f"chat-{len(self.model.chats)}", address)
        self.model.chats.append(chat)
        return chat

    def _acknowledge(self, chat: Chat) -> None:
        notice = self.service.services.notice
        body = {"conversation_id": chat.id, "channel": "web", "version": notice.version, "sha256": notice.sha256}
        answer = self._send("/v1/privacy-notice/acknowledgements", body, chat)
        assert answer.status == 200, answer
        assert chat.acknowledgement_id in (None, answer.body["acknowledgement_id"]), "two acknowledgements of one chat"
        chat.acknowledgement_id = answer.body["acknowledgement_id"]

    def _deposit(self, chat: Chat, purpose: str, value: str) -> str:
        body = {"conversation_id": chat.id, "purpose": purpose, "value": value, "client_address": chat.address}
        answer = self.service.gateway("POST", "/v1/vault/secrets", body)
        if answer.status == 422:
            assert value == "corta", answer
            return "vlt_none"
        assert answer.status == 201, answer
        self.model.secrets.add(value)
        life = timedelta(minutes=30 if purpose == "password" else 10)
        chat.references[purpose] = (answer.body["reference"], value, self.now + life)
        return str(answer.body["reference"])

    def _post(self, path: str, body: Any, chat: Chat) -> Answer:
        answer = self._send(path, body, chat)
        assert answer.status == 200 or answer.outcome in _CODES_OF_REFUSALS.get(answer.status, ()), answer
        action = "begin" if path == "/v1/registrations" else path.rpartition("/")[2]
        self._note(f"{action}: {answer.outcome}")
        return answer

    def _send(self, path: str, body: Any, chat: Chat) -> Answer:
        key = f"key-{next(self._keys)}"
        answer = self.service.actions(path, body, chat.id, key)
        if path.startswith("/v1/registrations"):
            self._sent.append((path, body, chat.id, key, answer, self.now))
        return answer

    def _on(self, registration: Registration, action: str, body: Any) -> Answer | None:
        """The answer, or None when the registration is over by its age, as it then must be."""
        answer = self._post(f"/v1/registrations/{registration.id}/{action}", body, registration.chat)
        if answer.status == 404:
            assert registration.expires_at <= self.now, "a registration is unknown before its time"
            return None
        assert registration.expires_at > self.now, "a registration lives too long"
        return answer

    def _matched(self, registration: Registration, answer: Answer, claims: dict[str, str], who: str | None) -> None:
        """After a match: whom it found, and the code that was sent."""
        if not registration.is_open:
            assert answer.outcome == "not_recognised", answer
            return
        self._withdraw(registration)
        registration.claims, registration.offered, registration.identified = claims, [], None
        registration.customer = None
        if answer.outcome == "limit_reached" and not self.model.counted.room(
            "matches of a conversation", registration.chat.id, self.now
        ):
            return
        self.model.counted.add("matches of a conversation", registration.chat.id, self.now)
        is_free = who is not None and self._is_free(who, key_of(claims["contact"]))
        assert is_free == (answer.outcome != "not_recognised"), f"{answer.outcome} for {who}, free: {is_free}"
        if is_free:
            registration.customer = who
            self._issued(registration, answer, "registration", key_of(claims["contact"]))

    def _issued(self, registration: Registration, answer: Answer, purpose: str, contact_key: str | None) -> None:
        registration.matched = (purpose, contact_key)
        if answer.outcome != "code_sent":
            assert answer.outcome in ("too_soon", "limit_reached"), answer
            assert answer.body["challenge"] is None
            return
        self._replace_code(registration)
        self.model.counted.add("codes from an address", registration.chat.address, self.now)
        registration.code = self._sent_code(answer.body["challenge"], purpose, registration.id, contact_key)
        registration.matched = (purpose, registration.code.contact_key)

    def _withdraw(self, registration: Registration) -> None:
        registration.matched = None
        self._replace_code(registration)

    def _replace_code(self, registration: Registration) -> None:
        if registration.code is not None and registration.code.state == "active":
            registration.code.state = "replaced"
        registration.code = None

    def _sent_code(self, challenge: dict[str, Any], purpose: str, session_id: str, contact_key: str | None) -> Code:
        """Looks for the code where it must have arrived: there, once, and nowhere else."""
        arrived = [each for each in self.service.deliver() if each.code]
        assert [each.challenge_id for each in arrived] == [challenge["challenge_id"]], "not exactly one code arrived"
        (message,) = arrived
        key = key_of(message.recipient)
        assert contact_key in (None, key), "the code went elsewhere"
        assert message.recipient not in challenge["masked_destination"], "the destination is shown whole"
        assert challenge["attempts_left"] == CODE_ATTEMPTS
        self.model.counted.add("codes to a contact", key, self.now)
        assert message.code is not None
        self.model.secrets.add(message.code)
        expires = self.now + LIFE[challenge["channel"]]
        code = Code(challenge["challenge_id"], message.code, purpose, session_id, key, expires)
        self.model.codes.append(code)
        return code

    def _guess(self, code: Code | None, kind: str, other: int) -> str:
        right = code.value if code else "123456"
        others = {
            "old": [each.value for each in self.model.codes if code and each.session_id == code.session_id],
            "somebody else's": [each.value for each in self.model.codes if code and each.session_id != code.session_id],
            "another purpose": [each.value for each in self.model.codes if code and each.purpose != code.purpose],
        }
        if kind == "right":
            return right
        return self._of(others.get(kind, []), other) or f"{(int(right) + 1 + other) % 1_000_000:06d}"

    def _checked(self, code: Code, given: str, answer: Answer, success: str) -> bool:
        """Follows one check of a code, and says whether it was the right code and counted."""
        outcome, left = answer.outcome, answer.body.get("attempts_left")
        right = given == code.value
        if outcome == "code_expired":
            assert code.expires_at <= self.now, "a code expired before its time"
            return False
        if outcome == "limit_reached":
            assert not self.model.counted.room("checks of a contact", code.contact_key, self.now), "limit without need"
            return False
        if outcome == NO_CODE:
            assert code.state != "active", "there is a code, but it cannot be checked"
            return False
        if code.state == "spent" or code.evaluated >= CODE_ATTEMPTS:
            assert (outcome, left) == ("code_spent", 0), f"{outcome} of a code that is spent"
            return False
        assert code.state == "active", f"{outcome} of a code that is {code.state}"
        assert code.expires_at > self.now, f"{outcome} of an expired code"
        self.model.evaluated(code, self.now)
        if right:
            assert outcome in (success, "code_spent"), f"{outcome} for the right code"
            code.state = "used" if outcome == success else "spent"
            return True
        expected = "wrong_code" if code.evaluated < CODE_ATTEMPTS else "code_spent"
        assert (outcome, left) == (expected, CODE_ATTEMPTS - code.evaluated), f"{outcome}, {left} left"
        code.state = "spent" if expected == "code_spent" else code.state
        return False

    def _opened(self, answer: Answer) -> None:
        token = answer.body["session_token"]
        assert token and token not in self.model.sessions, "a session token came twice"
        self.model.sessions.append(token)
        self.model.secrets.add(token)

    def _is_free(self, customer: str, contact_key: str) -> bool:
        """Whether this customer may make an account with this contact now."""
        if self.model.account_of(customer) is not None or self.model.account_named(contact_key) is not None:
            return False
        devices = {"333 1112223": "4"}
        confirmed = {
            account.customer: self._mobile_of(account) for account in self.model.accounts if account.first_access
        }
        taken = any(key == contact_key and holder != customer for holder, key in confirmed.items())
        return not taken and all(
            key_of(contact) != contact_key or holder == customer for contact, holder in devices.items()
        )

    def _mobile_of(self, account: Account) -> str | None:
        """The mobile that confirmed the first access of an account."""
        used = [
            code.contact_key
            for pending in self.model.sign_ins
            for code in [pending.code]
            if pending.username == account.username_key and code.state == "used"
        ]
        return used[-1] if used else None

    def _is_named(self, claims: dict[str, str], holder: str) -> bool:
        """Whether the typed name is compatible with the holder of a tax code; Maria for Mario is by the contract."""
        names = {"1": ("Mario", "Maria"), "2": ("Elena",), "6": ("Officine Ferrara S.r.l.",)}
        typed = claims.get("given_name") or claims.get("company_name")
        return typed in names[holder] and (claims["customer_type"] == "azienda") == (holder == "6")


def walk_of(name: str, **settings: Any) -> type[IdentityWalk]:
    """A walk with other settings than production's."""
    return type(name, (IdentityWalk,), {"settings": settings})
