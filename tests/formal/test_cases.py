"""Every checker on tables of texts, right and broken ones; valid ones follow the formalisms' own documentation in other words."""

import contextlib
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from onevision import formal
from onevision.errors import InputError
from onevision.types import Description

CASES = Path(__file__).parent / "cases"


def read(formalism: str) -> tuple[list[str], list[str]]:
    """The valid and the broken texts of a table: two parts, texts parted by a line of ~~~."""
    _, valid, broken = (CASES / f"{formalism}.txt").read_text(encoding="utf-8").replace("=== broken", "=== valid").split("=== valid\n")
    return tuple([text.removesuffix("\n") for text in part.removesuffix("\n").split("~~~\n")] for part in (valid, broken))


ALL = [
    (formalism, valid, text)
    for formalism in formal.FORMALISMS
    for valid, part in zip((True, False), read(formalism), strict=True)
    for text in part
]


@pytest.mark.parametrize("formalism", formal.FORMALISMS)
def test_tables_are_long_enough_and_without_doubles(formalism: str) -> None:
    for part in read(formalism):
        assert len(part) == len(set(part)) >= 30


@pytest.mark.parametrize("formalism", formal.FORMALISMS)
def test_every_case_is_classified_right(formalism: str) -> None:
    wrong = [
        (valid, text, formal.check(name, text).reason)
        for name, valid, text in ALL
        if name == formalism and formal.check(name, text).valid != valid
    ]
    assert not wrong


def test_reasons_are_one_line() -> None:
    reasons = [formal.check(formalism, text).reason for formalism, _, text in ALL]
    assert all(reason and "\n" not in reason for reason in reasons)


@settings(max_examples=200)
@given(st.sampled_from(ALL), st.data())
def test_a_damaged_text_is_never_more_than_refused(case: tuple[str, bool, str], data: st.DataObject) -> None:
    """Cut, doubled, and sprinkled with the formalism's own characters: nearer to the grammar than random text."""
    formalism, _, text = case
    start = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(start, len(text)))
    middle = data.draw(
        st.one_of(st.just(""), st.just(text[start:end] * 2), st.text(st.sampled_from(text or " "), max_size=12), st.text(max_size=6))
    )
    with contextlib.suppress(InputError):
        formal.parse(Description(formalism, text[:start] + middle + text[end:]))


@pytest.mark.parametrize("formalism", formal.FORMALISMS)
@pytest.mark.parametrize(
    "unit", ["(", "[", "{", "<", "<<", "\\", "a(", "C(", "{c", "<div>", "if (", "((1+", '"', "0", "-", "/' ", "\n", "~~~", "#(", "a & "]
)
def test_a_long_text_is_refused_fast_and_without_a_crash(formalism: str, unit: str) -> None:
    with contextlib.suppress(InputError):
        formal.module(formalism).parse(unit * 3000)


DEEP = [
    ("lilypond", "\\midi{a=" * 500),
    ("lilypond", "\\score { " * 2000),
    ("lilypond", "\\layout { \\context { a = " * 1000),
    ("geometry", f"Equals({'HalfOf(' * 14}x{')+1' * 14},5)\n" * 100),
    ("plantuml", f"@startuml\nstart\nif (a) {'then () ' * 40}!\nendif\nstop\n@enduml"),
]
LONG = [
    ("boxes", f"a{' ' * 20_000}x"),
    ("csv", "," * 30_000),
    ("mermaid", f'flowchart LR\nsubgraph{" " * 20_000}"'),
    ("mermaid", f'flowchart LR\nclass a{" " * 20_000}"'),
    ("spice", f"R1{' ' * 20_000}x"),
    ("json", "{" + ",".join(f'"{key}": 1' for key in range(6000)) + ', "5999": 2}'),
    ("smiles", "C1CC1" * 4000),
]


@pytest.mark.parametrize(("formalism", "text"), [*DEEP, *LONG])
def test_what_nests_or_goes_on_takes_no_time(formalism: str, text: str) -> None:
    """Depth is refused before Python's stack ends; the readers' time grows with the length, not with its square."""
    started = time.process_time()
    with contextlib.suppress(InputError):
        rules = formal.module(formalism)
        parsed = rules.parse(text)
        if formalism == "csv":
            rules.draw(parsed)
    assert time.process_time() - started < 0.7


def test_too_long_a_text_is_refused_in_one_line() -> None:
    most = "20000 and 5000 are the most"
    assert formal.check("csv", "a,b\n" * 5001).reason == f"csv: 20004 characters, 3 of them on one line; {most}"
    assert formal.check("text", "a" * 5001).reason == f"text: 5001 characters, 5001 of them on one line; {most}"
    assert formal.check("text", "a" * 5000).valid and formal.check("csv", "a,b\n" * 5000).valid


def test_a_stack_at_its_end_is_a_refusal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("onevision.formal.text.parse", lambda text: (_ for _ in ()).throw(RecursionError))
    assert formal.check("text", "((").reason == "text: brackets nest too deep"
