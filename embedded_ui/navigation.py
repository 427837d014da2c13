"""The pages that every page links to."""

from typing import NamedTuple


class NavigationItem(NamedTuple):
    """One entry; it is marked on its own page and on those below it."""

    path: str
    title: str


NAVIGATION = (
    NavigationItem("/panel", "Overview"),
    NavigationItem("/panel/products", "Products"),
    NavigationItem("/panel/inbox", "Inbox"),
    NavigationItem("/panel/feeds", "Feeds"),
    NavigationItem("/panel/settings/keys", "API keys"),
)


def here(path: str) -> str:
    """Return the entry a path belongs to; the overview takes what no other entry takes."""
    for item in reversed(NAVIGATION):
        if path == item.path or path.startswith(item.path + "/"):
            return item.path
    return ""
