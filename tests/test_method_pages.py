"""Every method's page has the same four things, and its settings are those that the tables were made with."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from spa_gym.baselines.studies import STUDIES, Preset
from spa_gym.baselines.train_config import TrainConfig

_DOCS = Path(__file__).resolve().parents[1] / "docs"
_PAGES = sorted((_DOCS / "methods").glob("*.md"))
_TABLES = {world: study.presets["cpu"] for world, study in STUDIES.items()}
_FORM = ["", "Settings", "Cost", "What we found"]
_PAGE_OF = {"spa-penalty": "spa"}
"""Methods that are a form of another, and on its page."""


def _sections(page: str) -> dict[str, str]:
    """Heading -> what stands below it, the title's own words first."""
    first, *others = re.split(r"^##? ", page, flags=re.MULTILINE)[1:]
    return {"": first.partition("\n")[2], **{head: text for head, _, text in (o.partition("\n") for o in others)}}


def _in_settings(method: str, option: str, value: Any) -> bool:
    """A row of the page's Settings names the option and has the value."""
    page = (_DOCS / "methods" / f"{_PAGE_OF.get(method, method)}.md").read_text(encoding="utf-8")
    rows = [row.split("|")[1:3] for row in _sections(page)["Settings"].splitlines() if row.startswith("|")]
    shown = f"{value:g}" if isinstance(value, float | int) else str(value)
    return any(re.search(rf"\b{option}\b", name) and re.search(rf"(?<![\d.]){shown}\b", text) for name, text in rows)


@pytest.mark.parametrize("path", _PAGES, ids=lambda path: path.stem)
def test_a_page_says_what_a_method_does_its_settings_its_cost_and_what_we_found(path: Path) -> None:
    sections = _sections(path.read_text(encoding="utf-8"))
    assert [head for head in sections if head in _FORM] == _FORM
    assert all(len(sections[head].strip()) > 20 for head in _FORM)
    told = sections["Settings"]
    assert "| setting | here | source |" in told or "| option | released |" in told or "None of its own" in told
    assert "(../pipeline.md#honest-budgets)" in told


def test_settings_that_the_tables_changed_are_on_the_pages() -> None:
    changed = [
        (method, option, value)
        for preset in _TABLES.values()
        for group in (preset.options, {name: _without_rate(each) for name, each in preset.changes.items()})
        for method, settings in group.items()
        for option, value in settings.items()
    ]
    assert ("vineppo", "minibatch", 2) in changed and ("ipr", "tau", 0.01) in changed
    by_reference = {"rudder", "rlbr"}  # "as for `spa`"
    missing = [each for each in changed if each[0] not in by_reference and not _in_settings(*each)]
    assert missing == []


def _without_rate(changes: dict[str, Any]) -> dict[str, Any]:
    """Rates stand in the table of trials, once for all methods."""
    return {name: value for name, value in changes.items() if name != "lr"}


_SHARED = {
    **dict.fromkeys(("episodes", "minibatch", "epochs"), "batch, updates, epochs"),
    **{"lr": "rate", "critic_lr": "critic", "lr_warmup": "rate"},
}
"""Setting of the training -> its row on the page of `ppo`."""


@pytest.mark.parametrize("option", list(_SHARED))
def test_defaults_and_what_the_tables_have_instead_are_on_the_page_of_ppo(option: str) -> None:
    values = {getattr(TrainConfig(), option), *(_trained(preset, option) for preset in _TABLES.values())} - {0}
    shown = [f"{value:.0e}".replace("e-0", "e-") if value < 1 else str(value) for value in values]
    assert [each for each in shown if not _in_settings("ppo", _SHARED[option], each)] == []


def test_the_shared_batches_are_on_the_page_of_the_pipeline() -> None:
    told = _sections((_DOCS / "pipeline.md").read_text(encoding="utf-8"))["Honest budgets"]
    words = set(re.findall(r"\d+", told.partition("In the tables of `cpu`")[2].partition(". ")[0]))
    shared = {str(_trained(preset, name)) for preset in _TABLES.values() for name in ("episodes", "minibatch")}
    assert shared == {"128", "64", "32", "16"} and shared <= words


def _trained(preset: Preset, option: str) -> Any:
    """A setting of the training in the tables."""
    return preset.training.get(option, getattr(TrainConfig(), option))
