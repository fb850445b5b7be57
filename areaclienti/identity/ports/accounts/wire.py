"""The bodies that an account store of the insurer takes and gives; its OpenAPI description is made of them."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from areaclienti.identity.ports.wire import Body, ContactBody, CustomerNumber, Id

# PHC string of argon2id, e.g. $argon2id$v=19$m=65536,t=3,p=1$<salt>$<hash>
PasswordHash = Annotated[str, Field(pattern=r"^\$argon2id\$v=19\$m=\d+,t=\d+,p=\d+\$[A-Za-z0-9+/]+\$[A-Za-z0-9+/]+$")]


class StandingAsked(Body):
    """`customer` is null when the question is about the usernames alone: take as long as otherwise."""

    customer: CustomerNumber | None
    usernames: Annotated[list[ContactBody], Field(max_length=100)]


class StandingBody(Body):
    """`taken`: those of the contacts that are somebody's username."""

    has_account: bool
    taken: Annotated[list[ContactBody], Field(max_length=100)]


class CreateAsked(Body):
    """`request` is the key of it: the same again gives the same outcome and makes nothing new."""

    request: Id
    customer: CustomerNumber
    username: ContactBody
    password_hash: PasswordHash


class CreateBody(Body):
    """One account a customer and one a username: of two that come together one gets the other outcome."""

    outcome: Literal["created", "customer_has_account", "username_taken"]


class ByUsernameAsked(Body):
    """`username` as in `VerifyAsked`."""

    username: Annotated[str, Field(max_length=400)]


class HolderBody(Body):
    """`customer` is null when it is nobody's username: take as long as otherwise."""

    customer: CustomerNumber | None


class VerifyAsked(Body):
    """`username`: an e-mail address in lower case, or a mobile in E.164; or anything else, which is nobody's."""

    username: Annotated[str, Field(max_length=400)]
    password: Annotated[str, Field(max_length=1024)]


class VerifyBody(Body):
    """`customer` is null when username or password is wrong, never saying which, and after the same time."""

    customer: CustomerNumber | None


class PasswordAsked(Body):
    customer: CustomerNumber
    password_hash: PasswordHash


class PasswordBody(Body):
    outcome: Literal["changed"]


class DeactivateAsked(Body):
    customer: CustomerNumber


class DeactivateBody(Body):
    """Also when there was none: the username is free, and the customer may register again."""

    outcome: Literal["deactivated"]
