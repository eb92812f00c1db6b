"""The noun taggers: what the built-in one takes for a noun, and how a tagger is named."""

from __future__ import annotations

import pickle
import sys
import types
from types import SimpleNamespace
from typing import Any

import pytest
from gymnasium.error import DependencyNotInstalled

from spa_gym.core.errors import BadArgument
from spa_gym.envs.webshop import nouns
from spa_gym.envs.webshop.nouns import builtin_nouns, resolve_noun_tagger


@pytest.mark.parametrize(
    ("title", "expected"),
    [
        ("Women's Long-Sleeve T Shirt", ["women", "long", "sleeve", "t", "shirt"]),
        ("Washable Striped Cotton, Softly Printed and Useful", ["cotton"]),
        ("7.5oz Jar, 16x24 Inch (Pack of 12)", ["oz", "jar", "16x24", "inch", "pack"]),
        ("Wedding Ring for the King's Bed", ["wedding", "ring", "king", "bed"]),
        ("Lamp lamp LAMP", ["lamp", "lamp", "lamp"]),
        ("D.O.N. Sneakers", ["d.o.n.", "sneakers"]),
        ("Crème Brûlée 茶", ["crème", "brûlée", "茶"]),
        ("100% 2,000 -- ★ &", []),
        ("", []),
    ],
)
def test_builtin_nouns(title: str, expected: list[str]) -> None:
    assert builtin_nouns(title) == expected


def test_title_scores_by_hand() -> None:
    cord = "Zanvolt AC Power Cord Cable for the Ormel 300 Home Theater System"
    bar = "Zanvolt Power Cord for a Fendrix Soundbar"
    shoe, boot = (
        "Quillo High Top Mens Basketball Shoes, Breathable Outdoor Sneakers",
        "Casual Mens Sneakers - Off White",
    )
    assert builtin_nouns(bar) == ["zanvolt", "power", "cord", "fendrix", "soundbar"]
    assert builtin_nouns(boot) == ["mens", "sneakers", "white"]
    for title, goal_title, score in ((cord, bar, 3 / 5), (shoe, boot, 2 / 3), (bar, boot, 0.0)):
        wanted = builtin_nouns(goal_title)
        assert len({*builtin_nouns(title)} & {*wanted}) / len(wanted) == pytest.approx(score)


def _shout(text: str) -> list[str]:
    return [text.upper()]


def _fake_spacy(monkeypatch: pytest.MonkeyPatch, *models: str) -> list[str]:
    """Pretend that spaCy is there with these models; returns the list of those that were loaded."""
    loaded: list[str] = []

    def load(model: str, **_: Any) -> Any:
        if model == "en_core_web_lg":
            raise OSError("made for another spaCy")
        loaded.append(model)
        return lambda text: [SimpleNamespace(text=word, pos_=word.upper()) for word in text.split()]

    spacy: Any = types.ModuleType("spacy")
    spacy.load = load
    monkeypatch.setitem(sys.modules, "spacy", spacy)
    monkeypatch.setattr(nouns.importlib.util, "find_spec", lambda name: name if name in models else None)
    return loaded


def test_auto_is_builtin_without_a_model(monkeypatch: pytest.MonkeyPatch) -> None:
    _fake_spacy(monkeypatch)
    assert resolve_noun_tagger(None) == resolve_noun_tagger("auto") == ("builtin", builtin_nouns)


def test_auto_is_the_first_model_that_loads(monkeypatch: pytest.MonkeyPatch) -> None:
    loaded = _fake_spacy(monkeypatch, "en_core_web_lg", "en_core_web_sm")
    name, tagger = resolve_noun_tagger()
    assert name == "spacy:en_core_web_sm" == f"spacy:{loaded[0]}"
    assert tagger("Noun Verb PROPN Pnoun adj") == ["noun", "propn"]
    assert pickle.loads(pickle.dumps(tagger))("noun") == ["noun"]


def test_spacy_without_a_model_says_how_to_get_one(monkeypatch: pytest.MonkeyPatch) -> None:
    _fake_spacy(monkeypatch, "en_core_web_lg")
    with pytest.raises(DependencyNotInstalled, match="python -m spacy download en_core_web_sm"):
        resolve_noun_tagger("spacy")


def test_a_tagger_of_your_own() -> None:
    assert resolve_noun_tagger(_shout) == (f"{__name__}:_shout", _shout)
    name, tagger = resolve_noun_tagger("spa_gym.envs.webshop.nouns:builtin_nouns")
    assert (name, tagger) == ("spa_gym.envs.webshop.nouns:builtin_nouns", builtin_nouns)


@pytest.mark.parametrize("wrong", ["spacey", "", ":", "no_such_module:f", "json:no_such_name", "json:__name__", 7])
def test_a_tagger_that_does_not_exist(wrong: Any) -> None:
    with pytest.raises(BadArgument, match="noun tagger"):
        resolve_noun_tagger(wrong)
