"""Whether the app is installed, what it was granted, and the tokens it holds."""

import secrets

import msgspec

from plugin_bridge.sandbox.shopify.access import spread

ACCESS_S = 3_600
ONLINE_S = 86_399
REFRESH_S = 90 * 86_400
RETRY_S = 30 * 86_400
"""How long after its first use a refresh token may be tried again, unless its replacement was used before."""
CODE_S = 600


class AccessToken(msgspec.Struct, kw_only=True):
    """One access token; `expires_at` None: it never expires, which the API no longer accepts."""

    expires_at: float | None
    online: bool = False


class RefreshToken(msgspec.Struct, kw_only=True):
    """A refresh token and when it ends; `used_at` is its first use."""

    token: str
    expires_at: float
    used_at: float | None = None


class Code(msgspec.Struct, kw_only=True):
    """An authorization code: single use, short life."""

    scopes: str
    expires_at: float
    online: bool = False


class Grant(msgspec.Struct, kw_only=True):
    """What a token request brought."""

    access_token: str
    scopes: str
    expires_in: int | None
    refresh_token: str | None = None
    refresh_expires_in: int | None = None
    online: bool = False


class Installation(msgspec.Struct, kw_only=True):
    """The app in one shop. A new authorization or token exchange ends the chain of refresh tokens before it."""

    installed: bool = False
    generation: int = 0
    scopes: str = ""
    access: dict[str, AccessToken] = {}
    current: RefreshToken | None = None
    previous: RefreshToken | None = None
    """The one that `current` replaced: good for another try until `current` is used."""
    codes: dict[str, Code] = {}

    @property
    def granted(self) -> frozenset[str]:
        """Return the granted scopes with what they imply."""
        return spread(self.scopes.split(","))

    def install(self, scopes: str) -> None:
        """Note that the merchant installed the app, or granted other scopes."""
        if not self.installed:
            self.generation += 1
        self.installed, self.scopes = True, scopes

    def uninstall(self) -> None:
        """Take away every token."""
        self.installed, self.scopes = False, ""
        self.revoke()

    def revoke(self) -> None:
        """End every token while the app stays installed."""
        self.access.clear()
        self.codes.clear()
        self.current = self.previous = None

    def authorize(self, scopes: str, now: float, *, online: bool) -> str:
        """Return a code for what the merchant agreed to; the app is installed from now on."""
        self.install(scopes)
        code = secrets.token_hex(16)
        self.codes[code] = Code(scopes=scopes, expires_at=now + CODE_S, online=online)
        return code

    def take_code(self, code: str, now: float) -> Code | None:
        """Return a good code once."""
        found = self.codes.pop(code, None)
        return found if found is not None and found.expires_at >= now else None

    def issue(self, now: float, *, expiring: bool, online: bool = False) -> Grant:
        """Return new tokens; expiring offline ones start a new chain."""
        if online:
            return self._grant(now, ONLINE_S, online=True)
        if not expiring:
            return self._grant(now, None)
        for token, held in list(self.access.items()):
            if not held.online:
                del self.access[token]
        self.previous = None
        return self._chained(now)

    def refresh(self, token: str, now: float) -> Grant | None:
        """Return new tokens for a good refresh token, None for any other.

        A retry with the token before brings another pair, and the pair it replaces is dead.
        """
        current, previous = self.current, self.previous
        if current is not None and secrets.compare_digest(token, current.token) and current.expires_at > now:
            current.used_at = now
            self.previous = current
            return self._chained(now)
        if previous is not None and secrets.compare_digest(token, previous.token) and _retriable(previous, now):
            return self._chained(now)
        return None

    def _chained(self, now: float) -> Grant:
        grant = self._grant(now, ACCESS_S)
        grant.refresh_token = f"shprt_{secrets.token_hex(16)}"
        grant.refresh_expires_in = REFRESH_S
        self.current = RefreshToken(token=grant.refresh_token, expires_at=now + REFRESH_S)
        return grant

    def _grant(self, now: float, lasts_s: int | None, *, online: bool = False) -> Grant:
        token = f"{'shpua' if online else 'shpat'}_{secrets.token_hex(16)}"
        self.access[token] = AccessToken(expires_at=None if lasts_s is None else now + lasts_s, online=online)
        return Grant(access_token=token, scopes=self.scopes, expires_in=lasts_s, online=online)

    def find(self, token: str, now: float) -> AccessToken | None:
        """Return an access token that is good now."""
        found = self.access.get(token)
        if found is None or not self.installed:
            return None
        return found if found.expires_at is None or found.expires_at > now else None

    def expire_access(self) -> None:
        """Let every access token end at once; refresh tokens stay good."""
        for held in self.access.values():
            if held.expires_at is not None:
                held.expires_at = 0.0


def _retriable(token: RefreshToken, now: float) -> bool:
    return token.expires_at > now and token.used_at is not None and now - token.used_at <= RETRY_S
