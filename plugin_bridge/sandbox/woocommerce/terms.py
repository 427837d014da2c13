"""Categories, tags and brands: made on first use, known by name, listed by id."""

from collections.abc import Iterable

from plugin_bridge.sandbox.woocommerce.item import Term
from plugin_bridge.sandbox.woocommerce.slugs import slug_of

UNCATEGORIZED = 15
CATEGORIES = "categories"
TAGS = "tags"
BRANDS = "brands"


class Terms:
    """All terms of a store; ids come from one sequence, as in WordPress."""

    def __init__(self) -> None:
        self.by_id: dict[str, dict[int, Term]] = {CATEGORIES: {}, TAGS: {}, BRANDS: {}}
        self._by_name: dict[tuple[str, int, str], int] = {}
        self._paths: dict[str, int] = {}
        self._next_id = UNCATEGORIZED
        self.named(CATEGORIES, "Uncategorized")

    def named(self, kind: str, name: str, parent: int = 0) -> int:
        """Return the id of the term with this name under *parent*, making it when it is new."""
        known = self._by_name.get((kind, parent, name))
        if known is not None:
            return known
        self.put(kind, Term(self._next_id, name, slug_of(name), parent))
        return self._next_id - 1

    def existing(self, kind: str, name: str, parent: int = 0) -> int | None:
        """Return the id of the term that stands in the way of a new one: case does not count in a database."""
        wanted = name.strip().lower()
        return next(
            (term.id for term in self.by_id[kind].values() if (term.name.lower(), term.parent) == (wanted, parent)),
            None,
        )

    def put(self, kind: str, term: Term) -> None:
        """Keep a term under its own id."""
        self.by_id[kind][term.id] = term
        self._by_name[kind, term.parent, term.name] = term.id
        self._next_id = max(self._next_id, term.id + 1)

    def path(self, path: str) -> int:
        """Return the id of the last category of a path such as "Clothing > Shirts"."""
        known = self._paths.get(path)
        if known is not None:
            return known
        parent = 0
        for name in path.split(">"):
            if name.strip():
                parent = self.named(CATEGORIES, name.strip(), parent)
        self._paths[path] = parent or UNCATEGORIZED
        return self._paths[path]

    def short(self, kind: str, ids: Iterable[int]) -> list[dict[str, object]]:
        """Return the terms as they stand inside a product: id, name and slug."""
        known = self.by_id[kind]
        return [
            {"id": term.id, "name": term.name, "slug": term.slug}
            for term in (known.get(term_id) for term_id in ids)
            if term is not None
        ]
