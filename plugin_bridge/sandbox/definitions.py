"""What simulated stores were made from, and how their files lie in one folder.

`<key>.json` is the definition (keys inside: mode 0600), `<key>.seed` the products of a catalog file as they were read,
`<key>.state` what happened since. Each is replaced atomically.
"""

import logging
import os
import re
import secrets
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from zoneinfo import ZoneInfo

import msgspec

from backend.ports.store_platform import PlatformProduct
from plugin_bridge.sandbox.generator import generate_products
from plugin_bridge.sandbox.woocommerce import ApiKey, SimulatedWooCommerce, StoreOptions

log = logging.getLogger(__name__)

ReadCatalog = Callable[[Path], list[PlatformProduct]]

_KEY = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,38}[a-z0-9])?")
_RESERVED = frozenset({"stores"})
PLATFORMS = ("woocommerce",)


class DefinitionRefused(ValueError):
    """A store cannot be made like this; the message says why."""


class NewStore(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """What the request to make a store may say."""

    platform: str
    key: str = ""
    products: int | None = None
    """From the generator; ten when there is no catalog file either."""
    variants_per_product: int = 1
    seed: int = 1
    catalog_file: str | None = None
    read_only_key: bool = False
    timezone: str = "UTC"
    currency: str = "USD"
    name: str = ""
    variations_endpoint: bool = True
    latency_s: float = 0.0


class Definition(msgspec.Struct, kw_only=True):
    """What a store is made from, for all its life."""

    platform: str
    key: str
    products: int
    variants_per_product: int
    seed: int
    from_file: bool
    read_only_key: bool
    timezone: str
    currency: str
    name: str
    variations_endpoint: bool
    latency_s: float = 0.0
    consumer_key: str
    consumer_secret: str
    seeded_at: int


class StoreFolder:
    """The folder that remembers stores.

    Args:     folder: made when missing, mode 0700.
    """

    def __init__(self, folder: Path, read_catalog: ReadCatalog) -> None:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._folder = folder
        self._read_catalog = read_catalog

    def definitions(self) -> list[Definition]:
        """Return every readable definition, oldest first; a damaged one is logged and left where it is."""
        found: list[Definition] = []
        for path in sorted(self._folder.glob("*.json")):
            try:
                found.append(msgspec.json.decode(path.read_bytes(), type=Definition))
            except (OSError, msgspec.DecodeError) as error:
                log.warning("simulated store %s cannot be read: %s", path.name, error)
        return sorted(found, key=lambda definition: (definition.seeded_at, definition.key))

    def define(self, wanted: NewStore) -> Definition:
        """Turn a request into a definition and keep it.

        Raises:   DefinitionRefused.
        """
        check(wanted)
        products = self._catalog(wanted.catalog_file) if wanted.catalog_file else None
        definition = Definition(
            platform=wanted.platform,
            key=wanted.key or f"{wanted.platform}-{secrets.token_hex(4)}",
            products=10 if wanted.products is None else wanted.products,
            variants_per_product=wanted.variants_per_product,
            seed=wanted.seed,
            from_file=products is not None,
            read_only_key=wanted.read_only_key,
            timezone=wanted.timezone,
            currency=wanted.currency,
            name=wanted.name or "Simulated shop",
            variations_endpoint=wanted.variations_endpoint,
            latency_s=wanted.latency_s,
            consumer_key=f"ck_{secrets.token_hex(20)}",
            consumer_secret=f"cs_{secrets.token_hex(20)}",
            seeded_at=int(time.time()) - 30 * 86_400,
        )
        if products is not None:
            self._write(definition.key, "seed", msgspec.msgpack.encode(products))
        self._write(definition.key, "json", msgspec.json.encode(definition))
        return definition

    def open(self, definition: Definition, base_url: str) -> SimulatedWooCommerce:
        """Build the store: its seed, then what happened since; a damaged state is logged and left out."""
        store = SimulatedWooCommerce(
            _options(definition, base_url), self._seed(definition), seeded_at=definition.seeded_at
        )
        path = self._path(definition.key, "state")
        try:
            if path.exists():
                store.restore(path.read_bytes())
        except (OSError, msgspec.DecodeError) as error:
            log.warning(
                "the state of simulated store %s is damaged, it starts from its seed: %s", definition.key, error
            )
        return store

    def save(self, key: str, snapshot: bytes) -> None:
        """Keep what happened to a store."""
        self._write(key, "state", snapshot)

    def _seed(self, definition: Definition) -> Iterable[PlatformProduct]:
        if not definition.from_file:
            return generate_products(definition.products, definition.variants_per_product, definition.seed)
        try:
            content = self._path(definition.key, "seed").read_bytes()
            return msgspec.msgpack.decode(content, type=list[PlatformProduct])
        except (OSError, msgspec.DecodeError) as error:
            log.warning("the catalog of simulated store %s is damaged, it starts empty: %s", definition.key, error)
            return []

    def _catalog(self, file: str) -> list[PlatformProduct]:
        try:
            return self._read_catalog(Path(file))
        except (OSError, ValueError) as error:
            raise DefinitionRefused(f"the catalog cannot be read: {error}") from None

    def _path(self, key: str, suffix: str) -> Path:
        return self._folder / f"{key}.{suffix}"

    def _write(self, key: str, suffix: str, content: bytes) -> None:
        path = self._path(key, suffix)
        fresh = path.with_suffix(f".{suffix}.new")
        with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
            file.write(content)
        fresh.replace(path)


def check(wanted: NewStore) -> None:
    """Refuse what no store can be made of.

    Raises:   DefinitionRefused.
    """
    if wanted.platform not in PLATFORMS:
        raise DefinitionRefused(f"platform is one of {', '.join(PLATFORMS)}, not {wanted.platform!r}")
    if wanted.key and (not _KEY.fullmatch(wanted.key) or wanted.key in _RESERVED):
        raise DefinitionRefused("a key is 1 to 40 lower-case letters, digits and inner dashes")
    if wanted.catalog_file and wanted.products is not None:
        raise DefinitionRefused("give either a catalog file or a number of products")
    if len(wanted.currency) != 3 or not wanted.currency.isupper():
        raise DefinitionRefused("currency is a three-letter ISO 4217 code")
    if not 0 <= wanted.latency_s <= 60:
        raise DefinitionRefused("latency_s is between 0 and 60 seconds")
    _check_generated(wanted)


def _check_generated(wanted: NewStore) -> None:
    try:
        next(generate_products(max(wanted.products or 0, 1), wanted.variants_per_product, wanted.seed))
    except ValueError as error:
        raise DefinitionRefused(str(error)) from None
    if wanted.products is not None and wanted.products < 0:
        raise DefinitionRefused("products must be 0 or more")
    if not known_timezone(wanted.timezone):
        raise DefinitionRefused(f"{wanted.timezone!r} is no time zone")


def known_timezone(name: str) -> bool:
    """Tell whether the machine knows a time zone of that name."""
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        return False
    return True


def _options(definition: Definition, base_url: str) -> StoreOptions:
    key = ApiKey(
        consumer_key=definition.consumer_key,
        consumer_secret=definition.consumer_secret,
        permissions="read" if definition.read_only_key else "read_write",
    )
    return StoreOptions(
        address=f"{base_url}/{definition.key}",
        keys=[key],
        name=definition.name,
        timezone=definition.timezone,
        currency=definition.currency,
        variations_endpoint=definition.variations_endpoint,
        latency_s=definition.latency_s,
    )
