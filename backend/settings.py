"""Settings, read once from the environment and frozen. Each field says its unit, default and variable.

`load_settings(environ)` is the only reader; tests build the groups by hand.
"""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

PREFIX = "STORELOOM_"


class SettingsError(ValueError):
    """A variable cannot be read; the message names it and says what is expected."""


class Database(msgspec.Struct, frozen=True, kw_only=True):
    """Where PostgreSQL is."""

    url: str = ""
    """`DATABASE_URL`, e.g. `postgresql://user:password@host:5432/storeloom`; PostgreSQL 15 or newer."""
    pool_size: int = 10
    """`STORELOOM_DB_POOL_SIZE`, connections each process keeps; under load it opens as many again."""


class Redis(msgspec.Struct, frozen=True, kw_only=True):
    """Where Redis or Valkey is."""

    url: str = ""
    """`REDIS_URL`, e.g. `redis://host:6379/0` or `unix:///path/to.sock?db=0`; Redis 7+ or Valkey."""


class Web(msgspec.Struct, frozen=True, kw_only=True):
    """How the web process sees its clients."""

    public_url: str = ""
    """`STORELOOM_PUBLIC_URL`, base of links in mails and feeds. `storeloom up` takes the address it listens on;
    the parts alone need it."""
    trusted_proxies: tuple[str, ...] = ()
    """`STORELOOM_TRUSTED_PROXIES`, comma separated addresses or CIDR blocks (`unix`: a Unix socket) whose
    X-Forwarded-For counts."""
    require_https: bool = False
    """`STORELOOM_REQUIRE_HTTPS`, `true` refuses plain HTTP where a contract says so; none in this version does."""
    max_body_bytes: int = 4_000_000
    """`STORELOOM_MAX_BODY_BYTES`, largest request body, bytes."""
    public_per_minute: int = 30
    """`STORELOOM_PUBLIC_PER_MINUTE`, requests per minute and address on public auth and connect endpoints."""
    feeds_per_minute: int = 30
    """`STORELOOM_FEEDS_PER_MINUTE`, requests per 60 s and address on public feeds."""
    organization_per_minute: int = 300
    """`STORELOOM_ORGANIZATION_PER_MINUTE`, plugin and panel API requests per minute and organization."""
    limiter_fails_open: bool = True
    """`STORELOOM_LIMITER_FAILS_OPEN`, `false` answers 503 when Redis cannot be asked."""
    metrics_token: str = ""
    """`STORELOOM_METRICS_TOKEN`, what `/metrics` wants to see as `Authorization: Bearer …`; without it there is no such
    address."""


class Secrets(msgspec.Struct, frozen=True, kw_only=True):
    """Keys that seal what is secret."""

    keys: tuple[str, ...] = ()
    """`STORELOOM_SECRET_KEYS`, comma separated, newest first, 16 characters or more each. `storeloom up` makes one;
    the parts alone need it."""


class Outbound(msgspec.Struct, frozen=True, kw_only=True):
    """The guarded client for addresses that callers give us."""

    allowed_private_hosts: tuple[str, ...] = ()
    """`STORELOOM_ALLOWED_PRIVATE_HOSTS`, comma separated `host` or `host:port` that may be private."""
    store_concurrency: int = 2
    """`STORELOOM_STORE_CONCURRENCY`, requests at once to one store, 1..8; more gains nothing on real WooCommerce."""
    read_timeout_s: float = 60.0
    """`STORELOOM_READ_TIMEOUT_S`, how long a store may think, seconds."""


class Feeds(msgspec.Struct, frozen=True, kw_only=True):
    """Published feeds."""

    max_age_s: int = 300
    """`STORELOOM_FEED_MAX_AGE_S`, how long one generation is served before the next is asked for, seconds."""
    wait_s: float = 10.0
    """`STORELOOM_FEED_WAIT_S`, how long a request waits for a due generation before it gets the last good one,
    seconds."""


class Jobs(msgspec.Struct, frozen=True, kw_only=True):
    """Background work."""

    lease_s: float = 30.0
    """`STORELOOM_JOB_LEASE_S`, a job whose worker is silent for so long is given to another, seconds."""
    sweep_s: float = 5.0
    """`STORELOOM_JOB_SWEEP_S`, pause between two looks for forgotten jobs, seconds."""


class Mail(msgspec.Struct, frozen=True, kw_only=True):
    """Outgoing mail."""

    smtp_url: str = ""
    """`STORELOOM_SMTP_URL`, e.g. `smtp://user:password@host:587`; without it mails are written to the outbox folder."""
    sender: str = "storeloom@localhost"
    """`STORELOOM_MAIL_SENDER`, address in From."""


class Accounts(msgspec.Struct, frozen=True, kw_only=True):
    """New accounts."""

    default_plan: str = "starter"
    """`STORELOOM_DEFAULT_PLAN`, plan of accounts that the plugin makes."""
    plans_file: str = ""
    """`STORELOOM_PLANS_FILE`, the operator's own plan table (TOML); default: the one we ship."""


class Shopify(msgspec.Struct, frozen=True, kw_only=True):
    """This server's app at Shopify; without it no Shopify store can be connected."""

    client_id: str = ""
    """`SHOPIFY_CLIENT_ID`, of the app's settings at Shopify."""
    client_secret: str = ""
    """`SHOPIFY_CLIENT_SECRET`, beside the client id."""
    client_secret_old: str = ""
    """`SHOPIFY_CLIENT_SECRET_OLD`, the secret before, accepted too while Shopify still signs with it."""
    shop_url: str = "https://{shop}"
    """`SHOPIFY_SHOP_URL`, where a shop is asked: `{shop}` is its domain, `{name}` what stands before `.myshopify.com`;
    only simulated shops live elsewhere than at their domain."""

    @property
    def configured(self) -> bool:
        """Tell whether both are there."""
        return bool(self.client_id and self.client_secret)


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """All groups together."""

    database: Database = Database()
    redis: Redis = Redis()
    web: Web = Web()
    secrets: Secrets = Secrets()
    outbound: Outbound = Outbound()
    feeds: Feeds = Feeds()
    jobs: Jobs = Jobs()
    mail: Mail = Mail()
    accounts: Accounts = Accounts()
    shopify: Shopify = Shopify()
    blob_url: str = ""
    """`STORELOOM_BLOB_URL`, `file:///folder` for generated files; default: `blobs` in the data directory."""
    log_level: str = "info"
    """`STORELOOM_LOG_LEVEL`, one of debug, info, warning and error."""


VARIABLES: dict[str, tuple[str, str]] = {
    "DATABASE_URL": ("database", "url"),
    "STORELOOM_DB_POOL_SIZE": ("database", "pool_size"),
    "REDIS_URL": ("redis", "url"),
    "STORELOOM_PUBLIC_URL": ("web", "public_url"),
    "STORELOOM_TRUSTED_PROXIES": ("web", "trusted_proxies"),
    "STORELOOM_REQUIRE_HTTPS": ("web", "require_https"),
    "STORELOOM_MAX_BODY_BYTES": ("web", "max_body_bytes"),
    "STORELOOM_PUBLIC_PER_MINUTE": ("web", "public_per_minute"),
    "STORELOOM_FEEDS_PER_MINUTE": ("web", "feeds_per_minute"),
    "STORELOOM_ORGANIZATION_PER_MINUTE": ("web", "organization_per_minute"),
    "STORELOOM_LIMITER_FAILS_OPEN": ("web", "limiter_fails_open"),
    "STORELOOM_METRICS_TOKEN": ("web", "metrics_token"),
    "STORELOOM_SECRET_KEYS": ("secrets", "keys"),
    "STORELOOM_ALLOWED_PRIVATE_HOSTS": ("outbound", "allowed_private_hosts"),
    "STORELOOM_STORE_CONCURRENCY": ("outbound", "store_concurrency"),
    "STORELOOM_READ_TIMEOUT_S": ("outbound", "read_timeout_s"),
    "STORELOOM_FEED_MAX_AGE_S": ("feeds", "max_age_s"),
    "STORELOOM_FEED_WAIT_S": ("feeds", "wait_s"),
    "STORELOOM_JOB_LEASE_S": ("jobs", "lease_s"),
    "STORELOOM_JOB_SWEEP_S": ("jobs", "sweep_s"),
    "STORELOOM_SMTP_URL": ("mail", "smtp_url"),
    "STORELOOM_MAIL_SENDER": ("mail", "sender"),
    "STORELOOM_DEFAULT_PLAN": ("accounts", "default_plan"),
    "STORELOOM_PLANS_FILE": ("accounts", "plans_file"),
    "SHOPIFY_CLIENT_ID": ("shopify", "client_id"),
    "SHOPIFY_CLIENT_SECRET": ("shopify", "client_secret"),
    "SHOPIFY_CLIENT_SECRET_OLD": ("shopify", "client_secret_old"),
    "SHOPIFY_SHOP_URL": ("shopify", "shop_url"),
    "STORELOOM_BLOB_URL": ("", "blob_url"),
    "STORELOOM_LOG_LEVEL": ("", "log_level"),
}
"""Variable -> (group, field); the README's reference lists the same."""

IGNORED = frozenset(
    f"{PREFIX}{name}" for name in ("BIN", "DATA_DIR", "POSTGRES_BIN", "VALKEY_BIN", "READY_FILE", "SANDBOX_TOKEN")
)


def unknown_variables(environ: Mapping[str, str]) -> list[str]:
    """Return the STORELOOM_ variables that no setting reads, sorted; usually a typing error."""
    return sorted(name for name in environ if name.startswith(PREFIX) and name not in VARIABLES and name not in IGNORED)


def load_settings(environ: Mapping[str, str] | None = None) -> Settings:
    """Read all settings.

    Raises:   SettingsError that names the variable and what it should hold; never its value.
    """
    source = os.environ if environ is None else environ
    groups: dict[str, Any] = {}
    for variable, (group, field) in VARIABLES.items():
        raw = source.get(variable)
        if raw is None or raw == "":
            continue
        owner: type[msgspec.Struct] = Settings if not group else type(getattr(Settings(), group))
        value = _read(variable, raw, owner, field)
        (groups.setdefault(group, {}) if group else groups)[field] = value
    built = {name: _group(name, value) for name, value in groups.items()}
    return Settings(**built)


def _group(name: str, value: Any) -> Any:
    return type(getattr(Settings(), name))(**value) if isinstance(value, dict) else value


def _read(variable: str, raw: str, owner: type[msgspec.Struct], field: str) -> Any:
    kind = next(f.type for f in msgspec.structs.fields(owner) if f.name == field)
    if kind == tuple[str, ...]:
        return tuple(part.strip() for part in raw.split(",") if part.strip())
    try:
        return msgspec.convert(raw.strip(), kind, strict=False)
    except msgspec.ValidationError:
        raise SettingsError(f"{variable} must be {getattr(kind, '__name__', kind)}") from None


def default_data_dir(environ: Mapping[str, str] | None = None) -> Path:
    """Return the folder used when nothing else is said: `.storeloom` in the current directory."""
    return Path((os.environ if environ is None else environ).get("STORELOOM_DATA_DIR", ".storeloom"))
