"""No text that others wrote gives a terminal an order."""

import io
import json
import unicodedata

from rich.table import Table
from rich.text import Text

from harness.core.quoting import printable
from harness.output import terminal
from harness.output.console import PlainConsole

HOSTILE = "a\x1b[31mb\x07c\rd\x08e\x7ff\x9b2Jg\x85h\u202ei\u2066j\u200fk\ud800l\x00m"
ORDERS = ("Cc", "Cs", "Zl", "Zp")
"""The categories of Unicode that no text for people needs, but for tab and line feed; and overrides of direction."""
DIRECTIONS = "\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"


def orders(text):
    return {sign for sign in text if unicodedata.category(sign) in ORDERS or sign in DIRECTIONS} - {"\n", "\t"}


def test_every_control_character_becomes_an_escape_and_nothing_else_changes():
    every = "".join(map(chr, range(0x11000)))
    assert orders(printable(every)) == set()
    kept = [sign for sign in every if not orders(sign)]
    assert [sign for sign in kept if printable(sign) != sign] == []
    assert printable("a\x1b[31m\tb\n") == "a\\u001b[31m\tb\n"


def test_a_printed_json_document_stays_the_same_document(capsys):
    terminal.echo(json.dumps({"reason": HOSTILE}, ensure_ascii=False))
    printed = capsys.readouterr().out
    assert orders(printed) == set()
    assert json.loads(printed) == {"reason": HOSTILE}


def test_a_page_prints_escapes_and_no_markup(capsys):
    table = Table(HOSTILE, title=Text(HOSTILE))
    table.add_row(HOSTILE)
    table.add_row("[link=file:///etc]x[/link] [/no] :smile:")
    terminal.print_page(HOSTILE, Text(HOSTILE), table)
    printed = capsys.readouterr().out
    assert orders(printed) == set()
    assert "\\u001b[31m" in printed
    assert "[link=file:///etc]x[/link] [/no] :smile:" in printed


def test_colours_of_our_own_still_reach_a_terminal():
    out = io.StringIO()
    shown = PlainConsole(file=out, force_terminal=True, color_system="standard", _environ={})
    shown.print(Text("a\x1b[31m", style="red"))
    assert out.getvalue() == "\x1b[31ma\\u001b[31m\x1b[0m\n"
