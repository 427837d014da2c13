"""What a customer would read of a text: no HTML, no control characters, no runs of blanks. Pure."""

import html
import re

_MOST_HTML = 20_000
_TAG = re.compile(r"<[^<>]*>")
_BREAK = re.compile(r"<(?:br|/?p|/?div|/?li|/?ul|/?ol|/?h[1-6]|/?tr|/?table|hr)\b[^<>]*>", re.IGNORECASE)
_HIDDEN = re.compile(r"<(?:script|style|!--)", re.IGNORECASE)
_HIDDEN_ENDS = {"<script": "</script", "<style": "</style", "<!--": "-->"}
_UNPRINTABLE = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff\ufeff\ufffe\uffff]")
_BLANKS = re.compile(r"[ \t\r\f\v\xa0]+")
_LINE_BREAKS = re.compile(r" ?\n[ \n]*")


def one_line(text: str) -> str:
    """Return the text on one line, without control characters and runs of blanks."""
    line = " ".join(text.split())
    return line if line.isprintable() else " ".join(_UNPRINTABLE.sub("", line).split())


def plain_text(text: str) -> str:
    """Return what a browser would show of HTML or plain text; block elements become line breaks.

    Reads the first 20,000 characters: no channel takes more than 10,000. Linear in the input, whatever it holds.
    """
    text = text[:_MOST_HTML]
    if "<" in text:
        if _HIDDEN.search(text):
            text = _without_hidden(text)
        text = _TAG.sub("", _BREAK.sub("\n", text))
    if "&" in text:
        text = html.unescape(text)
    if "\n" not in text:
        return one_line(text)
    lines = _LINE_BREAKS.sub("\n", _BLANKS.sub(" ", _UNPRINTABLE.sub("", text)))
    return lines.strip()


def _without_hidden(text: str) -> str:
    """Cut scripts, styles and comments; what is never closed is cut to the end."""
    lower = text.lower()
    if len(lower) != len(text):
        # A few letters change their length in lower case; then positions would not fit.
        lower = text
    kept, position = [], 0
    while (opening := _HIDDEN.search(text, position)) is not None:
        kept.append(text[position : opening.start()])
        end = _HIDDEN_ENDS[opening.group().lower()]
        closing = lower.find(end, opening.end())
        if closing < 0:
            return "".join(kept)
        position = closing + len(end)
        if end != "-->":
            position = max(position, lower.find(">", position) + 1)
    kept.append(text[position:])
    return "".join(kept)
