"""CSV files without formulas, and isolated text."""

import csv
import io
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from text_rules.characters import BIDI_CONTROLS, is_ignorable
from text_rules.csv_files import Separator, write_rows
from text_rules.isolation import bdi, isolated


@pytest.mark.parametrize("separator", Separator)
@pytest.mark.parametrize(
    "text",
    [
        *(
            "=1+1",
            "+1",
            "-1",
            "@x",
            " =1+1",
            "\t=1",
            "\r=1",
            "\n=1",
            "\u00a0=1",
            "\u3000+1",
            "＝1+1",
            "＋1",
            "－1",
            "＠x",
        ),
        *(
            "\u200b=1+1",
            "\ufeff=1",
            "\u202e=1",
            "\u2060\u200d @x",
            "﹢1",
            "x;=1+1",
            "x,=1+1",
            "x\t=1",
            "x; ＝1",
            ";=1+1",
        ),
        *('"=1+1', "x;'=1", "a\n=1", "\u3164=1"),
    ],
)
def test_no_text_can_run_as_a_formula(text: str, separator: Separator) -> None:
    [[found]] = csv.reader(io.StringIO(write_rows([[text]], separator), newline=""), delimiter=separator)
    assert found == f"'{text}"


@pytest.mark.parametrize("text", ["Acme", "a=b", "1-2", "a;b", "mail@x.example", "a - b", ""])
def test_ordinary_text_is_unchanged(text: str) -> None:
    assert write_rows([[text]]) == f'"{text}"\r\n'


def test_numbers_are_not_escaped_and_every_cell_is_quoted() -> None:
    assert write_rows([[-1, 2.5, None, 'say "hi"']], Separator.SEMICOLON) == '"-1";"2.5";"";"say ""hi"""\r\n'


def test_a_separator_by_its_name() -> None:
    assert Separator.named("semicolon") is Separator.SEMICOLON
    assert Separator.named(None) is Separator.named("tab") is Separator.COMMA


@given(st.lists(st.text(st.characters(exclude_categories=["Cs"]), max_size=20), min_size=1, max_size=5))
def test_no_separator_splits_off_a_formula(cells: list[str]) -> None:
    row = write_rows([cells])
    for cutter in Separator:
        for [*pieces] in csv.reader(io.StringIO(row, newline=""), delimiter=cutter):
            for piece in pieces:
                seen = [c for c in piece.lstrip("\"'") if not (c.isspace() or is_ignorable(c) or c in "\"'")]
                guarded = piece.lstrip('"').startswith("'") or cutter is Separator.SEMICOLON
                assert guarded or not seen or unicodedata.normalize("NFKC", seen[0])[0] not in "=+-@"


@given(st.text(max_size=40))
def test_output_is_isolated_and_escaped(text: str) -> None:
    shown = bdi(text)
    assert shown.startswith("<bdi>")
    assert shown.endswith("</bdi>")
    assert "<" not in shown[5:-6]
    assert not BIDI_CONTROLS & set(shown)
    plain = isolated(text)
    assert set(plain[1:-1]).isdisjoint(BIDI_CONTROLS)
    assert plain == "" or (plain[0], plain[-1]) == ("\u2068", "\u2069")
