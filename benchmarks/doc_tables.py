"""Writes the tables of docs, from the summaries of the reports and the records of the trial runs.

    spa-gym report benchmarks/results/comparison --out benchmarks/results/comparison/report
    spa-gym report benchmarks/results/ablations --out benchmarks/results/ablations/report
    python benchmarks/doc_tables.py

A page says where a table belongs and of what, between two marks; the reading around them is written by hand:

    <!-- table of methods: spa spa-penalty -->    a row for each world and method
    <!-- table of world: SPA-ALFWorld-v0 -->      a row for each method of that world
    <!-- table of world: SPA-ALFWorld-v0 in gpu -->      the same, of another study's report
    <!-- table of ablations: spa SPA-ALFWorld-v0 -->    a row for each ablation of that method in that world
    <!-- table of trials: SPA-ALFWorld-v0 -->     a row for each method, with the rates that it was tried with there
    <!-- end -->
"""

from __future__ import annotations

import json
import logging
import re
from pathlib import Path
from typing import Any

from spa_gym.baselines.ablations import ABLATIONS
from spa_gym.baselines.tuning import chosen, tried
from spa_gym.core.run_record import RunRecord

ROOT = Path(__file__).resolve().parents[1]
RESULTS = ROOT / "benchmarks" / "results"
SUMMARY = RESULTS / "comparison" / "report" / "summary.json"
ABLATED = RESULTS / "ablations"
TRIALS = RESULTS / "trials"
_MARKED = re.compile(r"(<!-- table of (methods|world|ablations|trials): ([^>]*) -->\n).*?(<!-- end -->)", re.DOTALL)
_FIGURES = (
    ("success, sampled", lambda row, _: _interval(row["cells"]["sampled"]["success"])),
    ("success, greedy", lambda row, _: _interval(row["cells"]["greedy"]["success"])),
    ("difference to `ppo`", lambda row, _: _difference(row, "ppo")),
    ("difference to `spa`", lambda row, _: _difference(row, "spa")),
    ("grounding", lambda row, _: f"{_mean(row['cells']['sampled']['grounding']):.2f}"),
    ("steps", lambda row, _: f"{_mean(row['cells']['sampled']['steps']):.1f}"),
    ("environment steps", lambda _, cost: f"{cost['env_steps']:,.0f}"),
    ("seconds", lambda _, cost: f"{cost['seconds']:,.0f}"),
)
"""Columns: differences, grounding and steps are of the sampled policy."""
_log = logging.getLogger(__name__)


def of_methods(summary: list[dict[str, Any]], methods: list[str]) -> str:
    """The table of some methods, a row for each world that they were trained in; empty where there is none."""
    lines = []
    for study in summary:
        rows = {row["method"]: row for row in _rows(study)}
        lines += [_line([_world(study), f"`{m}`"], rows[m], study["costs"][m]) for m in methods if m in rows]
    return _table(["world", "row"], lines)


def of_world(summary: list[dict[str, Any]], world: str) -> str:
    """The table of a world, a row for each method; empty where nothing was trained in it."""
    lines = [
        _line([f"`{row['method']}`"], row, study["costs"][row["method"]])
        for study in summary
        if study["env"].split()[0] == world
        for row in _rows(study)
    ]
    return _table(["row"], lines)


def of_ablations(method: str, world: str, folder: Path | None = None) -> str:
    """The table of a method's ablations in a world, below imitation, `ppo` and the method; empty where there is none.

    A row says what it asks, its success by the length of the expert's plan, and the mean of |sum c - R| over the last
    batch of its training, where its method has contributions.

    Args:
        method: `spa` or `spa-released`.
        world: the environment's id.
        folder: run records, with a report made of them; None: `ABLATED`.
    """
    folder = folder or ABLATED
    path = folder / "report" / "summary.json"
    if not path.is_file():
        return ""
    studies = json.loads(path.read_text(encoding="utf-8"))
    found = [_rows(study) for study in studies if study["env"].split()[0] == world]
    return "".join(_ablation_table({row["method"]: row for row in rows}, method, world, folder) for rows in found)


def _ablation_table(rows: dict[str, dict[str, Any]], method: str, world: str, folder: Path) -> str:
    lengths = list(next(iter(rows.values()))["cells"]["sampled"]["by_length"])
    heading = ["row", "asks", "seeds", "success, sampled", "success, greedy", "difference to `ppo`", "grounding"]
    heading += ["steps", f"sampled, by length: {' / '.join(lengths)}", "abs. sum error"]
    lines = [heading, ["---", "---", *["---:"] * (len(heading) - 2)]]
    asked = [name for name, ablation in ABLATIONS.items() if ablation.method == method]
    for name in ("sft", "ppo", method, *asked):
        if name not in rows:
            continue
        sampled, greedy = (rows[name]["cells"][decoding] for decoding in ("sampled", "greedy"))
        apart = _sum_error(folder, world, name)
        lines.append(
            [
                f"`{name}`",
                ABLATIONS[name].asks if name in ABLATIONS else "",
                str(len(rows[name]["seeds"])),
                _interval(sampled["success"]),
                _interval(greedy["success"]),
                _difference(rows[name], "ppo"),
                f"{_mean(sampled['grounding']):.2f}",
                f"{_mean(sampled['steps']):.1f}",
                " / ".join(f"{sampled['by_length'][each][0]:.2f}" for each in lengths),
                "–" if apart is None else f"{apart:.2f}",
            ]
        )
    return "".join(f"| {' | '.join(cells)} |\n" for cells in lines)


def _sum_error(folder: Path, world: str, label: str) -> float | None:
    """Mean over seeds of the last batch's |sum c - R|."""
    records = [RunRecord.load(path) for path in sorted(folder.glob(f"*/{label}-[0-9]*.json"))]
    last = [
        record.curves["sum_error"][-1] for record in records if record.env_id == world and "sum_error" in record.curves
    ]
    known = [value for value in last if value is not None]
    return sum(known) / len(known) if known else None


def of_trials(envs: list[str], folder: Path = TRIALS) -> str:
    """The success that each method came to with each rate in some worlds, the chosen rate in bold.

    Args:
        envs: ids of the environments, a column each.
        folder: records of the trial runs.
    """
    successes, best = tried(folder), chosen(folder)
    lines = ["| row | " + " | ".join(map(_name, envs)) + " |\n", "| --- |" + " --- |" * len(envs) + "\n"]
    for method in sorted({method for env in envs for method in successes.get(env, {})}):
        cells = []
        for env in envs:
            rates = sorted(successes.get(env, {}).get(method, {}).items())
            taken = best.get(env, {}).get(method)
            shown = [f"{_rate(rate)}: {success:.3f}" for rate, success in rates]
            cells.append(", ".join(f"**{s}**" if r == taken else s for s, (r, _) in zip(shown, rates, strict=True)))
        lines.append(f"| `{method}` | {' | '.join(cells)} |\n")
    return "".join(lines)


def filled(page: str, summary: list[dict[str, Any]]) -> str:
    """The page with its tables in place."""

    def fill(mark: re.Match[str]) -> str:
        begin, kind, names, end = mark.groups()
        if kind == "ablations":
            method, world = names.split()
            made = of_ablations(method, world)
        elif kind == "trials":
            made = of_trials(names.split())
        elif kind == "world":
            world, _, study = names.partition(" in ")
            made = of_world(_summary(study) if study else summary, world)
        else:
            made = of_methods(summary, names.split())
        return f"{begin}\n{made}\n{end}" if made else f"{begin}\nNot measured yet.\n\n{end}"

    return _MARKED.sub(fill, page)


def _summary(study: str) -> list[dict[str, Any]]:
    path = RESULTS / study / "report" / "summary.json"
    return json.loads(path.read_text(encoding="utf-8")) if path.is_file() else []


def pages() -> list[Path]:
    """The pages that have tables."""
    return [
        ROOT / "docs" / "findings.md",
        ROOT / "docs" / "ablations.md",
        ROOT / "docs" / "pipeline.md",
        *sorted((ROOT / "docs" / "methods").glob("*.md")),
    ]


def _rows(study: dict[str, Any]) -> list[dict[str, Any]]:
    """The rows of a study's first split, the one of its tables."""
    return next(iter(study["splits"].values()))


def _world(study: dict[str, Any]) -> str:
    return _name(study["env"].split()[0])


def _rate(rate: float) -> str:
    """5e-5 rather than 5e-05, and so for all of them."""
    return f"{rate:.1e}".replace(".0e", "e").replace("e-0", "e-")


def _name(env_id: str) -> str:
    return env_id.removeprefix("SPA-").removesuffix("-v0")


def _table(first: list[str], lines: list[str]) -> str:
    if not lines:
        return ""
    heading = [*first, "seeds", *(name for name, _ in _FIGURES)]
    rule = ["---"] * len(first) + ["---:"] * (len(heading) - len(first))
    return "".join(f"| {' | '.join(cells)} |\n" for cells in (heading, rule)) + "".join(lines)


def _line(first: list[str], row: dict[str, Any], cost: dict[str, float]) -> str:
    cells = [*first, str(len(row["seeds"])), *(figure(row, cost) for _, figure in _FIGURES)]
    return f"| {' | '.join(cells)} |\n"


def _difference(row: dict[str, Any], reference: str) -> str:
    values = row["cells"]["sampled"]["differences"].get(reference)
    return _interval(values, sign="+") if values else "–"


def _interval(values: list[float], sign: str = "") -> str:
    mean, low, high = (f"{value:{sign}.3f}" for value in values)
    return f"{mean} [{low}, {high}]"


def _mean(figure: float | list[float]) -> float:
    """A figure of the report without its interval, which it has unless there is but one seed."""
    return figure[0] if isinstance(figure, list) else figure


def main() -> None:
    """Fill all pages."""
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    summary = json.loads(SUMMARY.read_text(encoding="utf-8"))
    for path in pages():
        page = path.read_text(encoding="utf-8")
        made = filled(page, summary)
        if made != page:
            path.write_text(made, encoding="utf-8")
            _log.info("%s", path.relative_to(ROOT))


if __name__ == "__main__":
    main()
