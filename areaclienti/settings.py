"""Settings of each process, read from the environment (prefix AREACLIENTI_) with embedded defaults."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict


class _Settings(BaseSettings):
    model_config = SettingsConfigDict(env_prefix="AREACLIENTI_", env_file=".env", extra="ignore")

    var_dir: Path = Path("var")
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    host: str = "127.0.0.1"


class IdentitySettings(_Settings):
    """What the identity process reads. The keys have no default: the supervisor or the operator sets them."""

    identity_port: int = 8001
    identity_database_url: str = "sqlite+aiosqlite:///var/identity.db"
    identity_gateway_key: SecretStr
    identity_actions_key: SecretStr
    code_key: SecretStr  # HMAC of verification codes
    vault_key: SecretStr  # encryption at rest of vault entries and outbox codes
    delivery: Literal["mailbox", "live"] = "mailbox"
    smtp_url: str | None = None  # smtp://user:password@host:587 (STARTTLS) or smtps://…
    smtp_sender: str = "Area Clienti <noreply@areaclienti.example>"
    sms_webhook_url: str | None = None
    sms_webhook_token: SecretStr | None = None
    public_url: str = "http://localhost:8000"


class GatewaySettings(_Settings):
    """What the gateway process reads."""

    gateway_port: int = 8000
    public_url: str = "http://localhost:8000"
    allowed_origins: list[str] = []  # beside the origin of public_url
    gateway_database_url: str = "sqlite+aiosqlite:///var/gateway.db"
    engine_url: str = "http://127.0.0.1:5005"
    engine_key: SecretStr
    identity_url: str = "http://127.0.0.1:8001"
    identity_gateway_key: SecretStr
    turn_timeout_seconds: float = 20.0


class ActionsSettings(_Settings):
    """What the action server reads."""

    identity_url: str = "http://127.0.0.1:8001"
    identity_actions_key: SecretStr
    identity_timeout_seconds: float = 6.0
    public_url: str = "http://localhost:8000"
