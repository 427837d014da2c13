"""What simulated stores were made from, and how their files lie in one folder.

`<key>.json` is the definition (keys inside: mode 0600), `<key>.seed` the products of a catalog file as they were read,
`<key>.state` what happened since. Each is replaced atomically.
"""

import logging
import os
import re
import secrets
import time
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, Protocol
from zoneinfo import ZoneInfo

import msgspec

from backend.ports.store_platform import PlatformProduct
from plugin_bridge.sandbox.asgi import App, Receive, Scope, Send
from plugin_bridge.sandbox.generator import generate_products

log = logging.getLogger(__name__)

ReadCatalog = Callable[[Path], list[PlatformProduct]]

_KEY = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,38}[a-z0-9])?")
_RESERVED = frozenset({"stores"})


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
    options: dict[str, Any] = {}
    """What only this platform's stores have, by the names of their options."""


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
    options: dict[str, Any] = {}
    consumer_key: str = ""
    consumer_secret: str = ""
    seeded_at: int


class SimulatedStore(Protocol):
    """What the host needs of a store."""

    @property
    def platform(self) -> App:
        """Return the app that answers as the platform."""
        ...

    async def control(self, scope: Scope, receive: Receive, send: Send, base_path: str) -> None:
        """Serve one control request; *base_path* stands before what it asks for."""
        ...

    @property
    def revision(self) -> int:
        """Return a number that grows with every change worth keeping."""
        ...

    def snapshot(self) -> bytes:
        """Return what happened since the store was seeded."""
        ...

    def restore(self, content: bytes) -> None:
        """Bring a freshly seeded store to the state of a snapshot; raise msgspec.DecodeError for damaged bytes."""
        ...

    async def aclose(self) -> None:
        """Stop what runs in the store."""
        ...


class Simulation(Protocol):
    """One platform that can be simulated."""

    def check(self, wanted: NewStore) -> None:
        """Refuse what no store of this platform can be made of; raise DefinitionRefused."""
        ...

    def secrets(self, wanted: NewStore) -> dict[str, str]:
        """Return credentials for a new store, by the names they have in its definition."""
        ...

    def open(
        self, definition: Definition, base_url: str, products: Iterable[PlatformProduct], files: Path
    ) -> SimulatedStore:
        """Build a store; *files* is a folder of its own, which need not be there yet."""
        ...

    def shown(self, definition: Definition) -> dict[str, str]:
        """Return what whoever made the store is told beside its addresses."""
        ...


class StoreFolder:
    """The folder that remembers stores.

    Args:     folder: made when missing, mode 0700. simulations: the platforms by name.
    """

    def __init__(self, folder: Path, read_catalog: ReadCatalog, simulations: Mapping[str, Simulation]) -> None:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._folder = folder
        self.simulations = simulations
        self._read_catalog = read_catalog

    def definitions(self) -> list[Definition]:
        """Return every readable definition, oldest first; a damaged one is logged and left where it is."""
        found: list[Definition] = []
        for path in sorted(self._folder.glob("*.json")):
            try:
                definition = msgspec.json.decode(path.read_bytes(), type=Definition)
            except (OSError, msgspec.DecodeError) as error:
                log.warning("simulated store %s cannot be read: %s", path.name, error)
                continue
            if definition.platform in self.simulations:
                found.append(definition)
            else:
                log.warning("simulated store %s is of a platform nobody simulates here", path.name)
        return sorted(found, key=lambda definition: (definition.seeded_at, definition.key))

    def define(self, wanted: NewStore) -> Definition:
        """Turn a request into a definition and keep it.

        Raises:   DefinitionRefused.
        """
        check(wanted, self.simulations)
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
            options=wanted.options,
            **self.simulations[wanted.platform].secrets(wanted),
            seeded_at=int(time.time()) - 30 * 86_400,
        )
        if products is not None:
            self._write(definition.key, "seed", msgspec.msgpack.encode(products))
        self._write(definition.key, "json", msgspec.json.encode(definition))
        return definition

    def open(self, definition: Definition, base_url: str) -> SimulatedStore:
        """Build the store: its seed, then what happened since; a damaged state is logged and left out."""
        simulation = self.simulations[definition.platform]
        files = self._folder / f"{definition.key}.files"
        store = simulation.open(definition, base_url, self._seed(definition), files)
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


def check(wanted: NewStore, simulations: Mapping[str, Simulation]) -> None:
    """Refuse what no store can be made of.

    Raises:   DefinitionRefused.
    """
    if wanted.platform not in simulations:
        raise DefinitionRefused(f"platform is one of {', '.join(simulations)}, not {wanted.platform!r}")
    if wanted.key and (not _KEY.fullmatch(wanted.key) or wanted.key in _RESERVED):
        raise DefinitionRefused("a key is 1 to 40 lower-case letters, digits and inner dashes")
    if wanted.catalog_file and wanted.products is not None:
        raise DefinitionRefused("give either a catalog file or a number of products")
    if len(wanted.currency) != 3 or not wanted.currency.isupper():
        raise DefinitionRefused("currency is a three-letter ISO 4217 code")
    if not 0 <= wanted.latency_s <= 60:
        raise DefinitionRefused("latency_s is between 0 and 60 seconds")
    _check_generated(wanted)
    simulations[wanted.platform].check(wanted)


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
