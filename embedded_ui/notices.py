"""The line above a page that says what came of the last step. It travels in the address as a code, never as text."""

from collections.abc import Mapping

import msgspec

from backend.kit.text import clipped, storable

DONE = "done"
"""Query parameter that names an entry of `SENTENCES`."""
SENTENCES: Mapping[str, str] = {
    "sync_started": "The sync has started.",
    "store_connected": "The store is connected; its catalog is being read.",
    "store_attached": "The store is attached; its catalog is being read.",
    "store_disconnected": "The store is disconnected and its keys are deleted. Its products stay in the catalog.",
    "schedule_changed": "The schedule is changed.",
    "run_applied": "The changes are being written.",
    "run_discarded": "The changes are discarded: nothing was written.",
    "listings_retried": "What was refused is written again.",
    "settings_changed": "The settings are changed.",
    "listing_asked": "It is done with the next push of that store.",
    "link_confirmed": "They are one product now.",
    "link_rejected": "They stay apart, and the pair is not suggested again.",
    "link_cut": "The link is cut: the store's product is one of its own again.",
    "conflict_settled": "The conflict is settled.",
    "oversell_settled": "The case is closed.",
    "feed_created": "The feed is made.",
    "feed_published": "The feed is public; it is generated within seconds.",
    "feed_unpublished": "The feed is not public any more.",
    "key_revoked": "The key is revoked: within a second it opens nothing any more.",
    "token_revoked": "The token is revoked: within a second it opens nothing any more.",
    "password_set": "The password is set. Log in with it.",
    "logged_out": "You are logged out.",
}
_MOST_MESSAGE = 200


class Notice(msgspec.Struct, frozen=True, kw_only=True):
    """One line above a page."""

    text: str
    good: bool = True


def notice_of(query: Mapping[str, str]) -> Notice | None:
    """Return the line that an address asks for, or None.

    `oauth` and `message` are what a platform's consent page came back with (contract row S2S-15); the message is
    shown as a quotation, because anybody can write such an address.
    """
    sentence = SENTENCES.get(query.get(DONE, ""))
    if sentence:
        return Notice(text=sentence)
    outcome = query.get("oauth", "")
    if outcome == "success":
        return Notice(text="The platform has given access to the store.")
    if outcome == "error":
        message = clipped(" ".join(storable(query.get("message", "")).split()), _MOST_MESSAGE)
        told = f" The reason given: “{message}”" if message else ""
        return Notice(text=f"The store was not connected.{told}", good=False)
    return None
