"""Writes the table of each method's page in docs/methods, from the summary of the comparison's report.

    spa-gym report benchmarks/results/comparison --out benchmarks/results/comparison/report
    python benchmarks/method_pages.py

What stands between the two marks is replaced; the reading below it is written by hand. A page has the rows of its own
method, one for each world, and the differences to the sparse reward (`ppo`) and to the imitation that all start from.
"""

from __future__ import annotations

import json
import logging
from pathlib import Path
from typing import Any

_ROOT = Path(__file__).resolve().parents[1]
_SUMMARY = _ROOT / "benchmarks" / "results" / "comparison" / "report" / "summary.json"
_PAGES = _ROOT / "docs" / "methods"
_BEGIN, _END = "<!-- made by benchmarks/method_pages.py -->", "<!-- end -->"
_ROWS = {"sft": ("sft", "sft-longer"), "spa": ("spa", "spa-penalty")}
"""Rows of a page that are not just its own name."""
_HEADING = (
    "| world | row | seeds | success, sampled | success, greedy | difference to `ppo`, sampled | grounding | steps"
    " | environment steps |\n|---|---|---:|---:|---:|---:|---:|---:|---:|\n"
)
_log = logging.getLogger(__name__)


def tables(summary: list[dict[str, Any]], methods: tuple[str, ...]) -> str:
    """The table of some methods: a row for each world that they were trained in; empty where there is none."""
    lines = []
    for study in summary:
        world = study["env"].split()[0]
        rows = {row["method"]: row for row in next(iter(study["splits"].values()))}
        for method in methods:
            if method in rows:
                lines.append(_line(world, rows[method], study["costs"][method]))
    return _HEADING + "".join(lines) if lines else ""


def _line(world: str, row: dict[str, Any], cost: dict[str, float]) -> str:
    sampled, greedy = row["cells"]["sampled"], row["cells"]["greedy"]
    difference = sampled["differences"].get("ppo")
    cells = (
        world.removeprefix("SPA-").removesuffix("-v0"),
        f"`{row['method']}`",
        len(row["seeds"]),
        _interval(sampled["success"]),
        _interval(greedy["success"]),
        _interval(difference, sign="+") if difference else "–",
        f"{sampled['grounding']:.2f}",
        f"{sampled['steps']:.1f}",
        f"{cost['env_steps']:,.0f}",
    )
    return f"| {' | '.join(map(str, cells))} |\n"


def _interval(values: list[float], sign: str = "") -> str:
    mean, low, high = (f"{value:{sign}.3f}" for value in values)
    return f"{mean} [{low}, {high}]"


def filled(page: str, table: str) -> str:
    """The page with its table in place; as it is where it has no marks."""
    before, begin, rest = page.partition(_BEGIN)
    _, end, after = rest.partition(_END)
    return f"{before}{begin}\n\n{table}\n{end}{after}" if begin and end else page


def main() -> None:
    """Fill all pages."""
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    summary = json.loads(_SUMMARY.read_text(encoding="utf-8"))
    for path in sorted(_PAGES.glob("*.md")):
        page = path.read_text(encoding="utf-8")
        made = filled(page, tables(summary, _ROWS.get(path.stem, (path.stem,))))
        if made != page:
            path.write_text(made, encoding="utf-8")
            _log.info("%s", path.relative_to(_ROOT))


if __name__ == "__main__":
    main()
