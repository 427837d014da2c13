"""HTML becomes what a customer reads."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.domain.feeds.plain_text import MOST_HTML, one_line, plain_text


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("<p>One</p><p>Two</p>", "One Two"),
        ("<b>H</b>ello <i>you</i>", "Hello you"),
        ("line<br>break<BR/>again", "line break again"),
        ("<ul><li>a</li><li>b</li></ul>", "a b"),
        ("Salt &amp; pepper&nbsp;&#8364; &lt;3", "Salt & pepper € <3"),
        ("2 < 3 and 5 > 4", "2 < 3 and 5 > 4"),
        ("before<script>alert('<p>x</p>')</script>after", "before after"),
        ("a<style type='x'>p {}</style>b<!-- <b>hidden</b> > -->c", "a b c"),
        ("kept <script>never closed", "kept"),
        ("<!DOCTYPE html><?xml version='1.0'?>x", "x"),
        ("  many \n\n\t blanks\xa0here ", "many blanks here"),
        ("a\x00b\x07c\ufffed", "abcd"),
        ("", ""),
        ("<p></p>", ""),
        ('<a href="https://x.test/?a=1&b=2">link</a>', "link"),
    ],
)
def test_html_reads_as_in_a_browser(html: str, text: str) -> None:
    assert plain_text(html) == text


@given(st.text())
def test_any_text_ends_up_on_one_clean_line(text: str) -> None:
    for result in (plain_text(text), one_line(text)):
        assert "\n" not in result
        assert result == result.strip()
        assert "  " not in result
        assert not any(ord(letter) < 32 for letter in result)


@pytest.mark.parametrize("piece", ["<", "<script>", "<!--", "&", "&#", "<a ", "</script", "<style"])
def test_hostile_texts_take_no_longer_than_others(piece: str) -> None:
    started = time.process_time()
    plain_text(piece * 200_000)
    assert time.process_time() - started < 0.5


def test_only_the_beginning_of_an_endless_description_is_read() -> None:
    assert len(plain_text("x" * 1_000_000)) == MOST_HTML
