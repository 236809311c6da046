"""How an error shows what came."""

from __future__ import annotations

import pytest

from lamina.errors import phrase, phrase_unknown, shown


class Unshowable:
    def __repr__(self) -> str:
        raise RuntimeError("do not touch")


@pytest.mark.parametrize("given", ["a" * 100_000, list(range(100_000)), 10**4000], ids=["text", "list", "digits"])
def test_what_is_long_is_cut_in_the_middle(given: object) -> None:
    whole, cut = repr(given), shown(given)
    assert len(cut) < 1000 and cut.startswith(whole[:300]) and cut.endswith(whole[-300:])


@pytest.mark.parametrize(
    ("given", "words"),
    [(10**5000, "a int that cannot be shown"), (Unshowable(), "a Unshowable that cannot be shown")],
    ids=["digits", "object"],
)
def test_what_cannot_be_shown_is_named_by_its_type(given: object, words: str) -> None:
    assert phrase("x", "must be small", given) == f"x must be small, got {words}."


@pytest.mark.parametrize("name", [None, 3, Unshowable(), 10**5000, ["adm"]], ids=lambda name: type(name).__name__)
def test_only_a_text_is_compared_with_known_names(name: object) -> None:
    assert "Did you mean" not in phrase_unknown("an optimizer", name, ["adam"])
    assert phrase_unknown("an optimizer", "adm", ["adam"]).endswith("Did you mean 'adam'?")
