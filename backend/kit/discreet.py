"""Values that hold a secret and may end up in a log line or a trace: they do not print what they hold."""


class Discreet:
    """Mixin, named before `msgspec.Struct`: `repr` tells the type only."""

    __slots__ = ()

    def __repr__(self) -> str:
        return f"{type(self).__name__}(…)"
