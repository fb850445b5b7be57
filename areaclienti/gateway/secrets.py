"""Keeps secrets out of the conversation: takes them to the vault, and hides those written as plain messages."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from areaclienti.domain.passwords import failed_rules
from areaclienti.gateway import lookout, wishes
from areaclienti.gateway.db.models import Conversation
from areaclienti.gateway.engine_client import EngineError
from areaclienti.gateway.identity_client import SecretRejected
from areaclienti.gateway.ledger import Holder, Intent, Notice
from areaclienti.gateway.one_time import Due
from areaclienti.gateway.ownership import engine_is_asked
from areaclienti.gateway.said import personal_words_in
from areaclienti.gateway.services import Services
from areaclienti.gateway.session import COME_BACK, OPENING
from areaclienti.gateway.texts import Notice as NoticeName
from areaclienti.gateway.texts import Purpose

MOST_TEXTS = 60  # of a conversation's newest: a registration takes some ten


class LinkGone(Exception):
    """The link is unknown, used, replaced, over, or not due any more."""


async def give_secret(
    served: Services,
    conversation_id: str,
    client_id: str,
    client_address: str,
    purpose: Purpose,
    value: str,
    holder: Holder | None = None,
) -> int:
    """Put a secret in the vault, note it in the ledger, and ask for the engine's turn. Returns the note's seq.

    `client_address` goes with the secret, past the engine: where the customer is, or a channel's user id. `holder` is
    the session's token, where the channel has one, as for `Ledger.say`.

    The same client id again changes nothing. The caller holds the conversation's lock, or a second deposit would
    replace the first while its turn waits. Raises SecretRejected, IdentityUnavailable.
    """
    known = await served.ledger.seq_of(conversation_id, client_id)
    if known is not None:
        return known
    if purpose == "password":
        await _refuse_own_words(served, conversation_id, value)
    reference = await served.identity.deposit(conversation_id, purpose, value, client_address)
    intent = Intent("give_secret", {purpose: reference})
    note = served.texts.secret_notes[purpose]
    return await served.ledger.say(conversation_id, client_id, "secret", note, intent, holder)


async def give_by_link(
    served: Services,
    token: str,
    due: Due,
    client_address: str,
    value: str,
    find_holder: Callable[[], Awaitable[Holder | None]] | None = None,
) -> Holder | None:
    """Put a secret in the vault by a one-time link, which is used up then and stays good whenever this raises.

    `find_holder` looks for the chat's session under the conversation's lock; what it found is returned. The caller
    wakes the conversation. Raises LinkGone, SecretRejected, IdentityUnavailable, ConversationClosed.
    """
    async with served.locks.of(due.conversation_id), served.one_time.used(token) as used:
        if used is None:
            raise LinkGone
        under = await find_holder() if find_holder else None
        await give_secret(served, used.conversation_id, used.client_id, client_address, used.purpose, value, under)
    return under


async def _refuse_own_words(served: Services, conversation_id: str, password: str) -> None:
    """Raise SecretRejected for a password made of what the customer wrote here: his name, company, contact; or of the
    number that he writes from, which may become his username without being written.

    Identity can't tell: it has the password's hash alone when it learns the name, and must answer everybody the same.
    """
    texts = await served.ledger.words_of_customer(conversation_id, MOST_TEXTS)
    failed = failed_rules(password, personal_words_in(texts))
    if "too_personal" in failed:
        raise SecretRejected(failed)


async def receive_text(
    served: Services,
    conversation: Conversation,
    client_id: str,
    client_address: str,
    text: str,
    holder: Holder | None = None,
    *,
    after_silence: bool = False,
) -> tuple[int, Purpose | None]:
    """Take in a text of the customer: to the engine, or to the vault when it is the secret that is due, or nowhere
    when it is a secret that is not. Returns the seq of what stands in the ledger and what went to the vault, if any.

    `after_silence`: who only greets, or says nothing that is understood, is welcomed back instead of answered.

    A following token of `holder` takes its place with a verification code alone. The caller holds the conversation's
    lock. Raises IdentityUnavailable.
    """
    # the step may have changed while this message waited for its turn
    present = (await served.ledger.read_after(conversation.id, conversation.last_seq)).conversation
    conversation_id, step, expects = present.id, present.step, present.expects
    staying = Holder(holder.token) if holder else None

    async def hide(notice: NoticeName) -> tuple[int, None]:
        answer = Notice(served.texts.notice(notice, present.channel), opening=OPENING)
        note = served.texts.secret_notes["redacted"]
        return await served.ledger.say(conversation_id, client_id, "secret", note, answer, staying), None

    async def deposit(purpose: Purpose, value: str, otherwise: NoticeName) -> tuple[int, Purpose | None]:
        under = holder if purpose == "verification_code" else staying
        try:
            seq = await give_secret(served, conversation_id, client_id, client_address, purpose, value, under)
            return seq, purpose
        except SecretRejected:
            return await hide(otherwise)

    tax_code = lookout.tax_code_in(text)
    if not engine_is_asked(present.owner):  # nothing is due, and no person is to see it either
        if lookout.is_no_person_to_see(text):
            return await hide("secret_to_person")
        return await served.ledger.say(conversation_id, client_id, "text", text, None, staying), None
    if expects == "code":
        if code := lookout.code_in(text):
            return await deposit("verification_code", code, "code_malformed")
        if tax_code is None and lookout.may_be_mistyped_code(text):
            return await hide("code_malformed")
    elif lookout.is_verification_code(text):
        return await hide("password_in_chat" if expects == "secret:password" else "code_not_now")
    if expects == "secret:tax_code":
        if tax_code is not None:
            return await deposit("tax_code", tax_code, "tax_code_malformed")
        if lookout.may_be_mistyped_tax_code(text):
            return await hide("tax_code_malformed")
    elif tax_code is not None:
        is_password = expects == "secret:password" and lookout.holds_password(text)  # «Girasole-9cf82be4-X9»
        return await hide("password_in_chat" if is_password else "tax_code_not_now")
    if expects == "secret:password":
        if notice := await _objection(served, text):
            return await hide(notice)
    elif lookout.gives_password_away(text, step):
        return await hide("password_not_now")
    then = COME_BACK if after_silence and await _only_greets(served, present, text) else None
    return await served.ledger.say(conversation_id, client_id, "text", text, then, staying), None


async def _only_greets(served: Services, conversation: Conversation, text: str) -> bool:
    """Whether the text, which holds no secret, answers nothing. What isn't understood may be an answer where one is
    written, such as a name.
    """
    try:
        meaning = await served.engine.classify(text)
    except EngineError:
        return False
    return meaning.intent == "greet" or (meaning.intent == "nlu_fallback" and conversation.expects == "choice")


async def _objection(served: Services, text: str) -> NoticeName | None:
    """What to say of a text typed where the password is due, unless it is surely a question or a wish."""
    if lookout.holds_password(text):
        return "password_in_chat"
    try:
        meaning = await served.engine.classify(text)
    except EngineError:
        return "password_in_chat"
    if wishes.passes(text, meaning.intent, meaning.confidence):
        return None
    return "question_hidden" if wishes.may_have_been_meant(meaning.intent, meaning.confidence) else "password_in_chat"
