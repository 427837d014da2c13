"""What a customer would read of a text, on one line: no HTML, no control characters, no runs of blanks. Pure.

Written for speed: this is most of what a generation does. One pass over the tags, linear whatever the text holds.
"""

import html
import re

MOST_HTML = 20_000
"""Characters of HTML that are read: no channel takes more than 10,000 characters of text."""

_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff\ufeff\ufffe\uffff]")
_TAGS = re.compile(r"(<[^<>]*>(?:\s*<[^<>]*>)*)")
_TAG = re.compile(r"<([^<>]*)>")
_TAG_NAME = re.compile(r"/?([a-zA-Z][a-zA-Z0-9]*)")
_HIDING = re.compile(r"<(script|style|!--)", re.IGNORECASE)
_HIDING_ENDS = {"script": "</script", "style": "</style", "!--": "-->"}
_HIDES = "\0"
"""Stands for a tag that hides what follows; no stored text holds it."""
_INLINE = frozenset(
    {"a", "abbr", "b", "bdi", "big", "cite", "code", "del", "em", "font", "i", "ins", "kbd", "mark", "q", "s", "small"}
    | {"span", "strike", "strong", "sub", "sup", "u", "var", "wbr"}
)


def one_line(text: str) -> str:
    """Return the text on one line, without control characters and runs of blanks."""
    if text.isprintable():
        while "  " in text:
            text = text.replace("  ", " ")
        return text.strip()
    return " ".join(_UNPRINTABLE.sub("", " ".join(text.split())).split())


def plain_text(text: str) -> str:
    """Return what a browser would show of the first 20,000 characters of HTML or plain text, on one line.

    Block elements part words, inline ones do not; scripts, styles and comments are gone.
    """
    if len(text) > MOST_HTML:
        text = text[:MOST_HTML]
    if "<" in text:
        shown = _without_tags(text)
        text = _without_tags(_without_hidden(text)) if _HIDES in shown or "<!--" in text else shown
    if "&" in text:
        text = html.unescape(text)
    return one_line(text)


def _without_tags(text: str) -> str:
    pieces = _TAGS.split(text)
    pieces[1::2] = map(_gaps.__getitem__, pieces[1::2])
    return "".join(pieces)


class _Gaps(dict[str, str]):
    """What stands for a run of tags: stores repeat few of them, so each is looked at once."""

    def __missing__(self, tags: str) -> str:
        if len(self) >= 2_000:
            self.clear()
        gap = _TAG.sub(_gap, tags)
        if gap.isspace():
            gap = " "
        if len(tags) < 200:
            self[tags] = gap
        return gap


def _gap(tag: re.Match[str]) -> str:
    found = _TAG_NAME.match(tag.group(1))
    if found is None:
        # "a < b and c > d" holds no tag; "<!DOCTYPE html>" and "<?xml ...?>" do.
        return " " if tag.group(1).startswith(("!", "?")) else tag.group()
    name = found.group(1).lower()
    return "" if name in _INLINE else _HIDES if name in _HIDING_ENDS else " "


_gaps = _Gaps()


def _without_hidden(text: str) -> str:
    """Cut scripts, styles and comments; what is never closed is cut to the end."""
    lower = text.lower()
    if len(lower) != len(text):
        # A few letters change their length in lower case; then positions would not fit.
        lower = text
    kept, position = [], 0
    while (opening := _HIDING.search(text, position)) is not None:
        kept.append(text[position : opening.start()])
        end = _HIDING_ENDS[opening.group(1).lower()]
        closing = lower.find(end, opening.end())
        if closing < 0:
            return " ".join(kept)
        position = closing + len(end)
        if end != "-->":
            position = lower.find(">", position) + 1 or len(text)
    kept.append(text[position:])
    return " ".join(kept)
