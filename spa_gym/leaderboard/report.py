"""The report, from a folder of run records and nothing else.

Tables in Markdown and in one HTML page, learning curves and differences as PNG: `spa-gym report runs/ --out report/`.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

from spa_gym.core.atomic import atomic_write_text
from spa_gym.core.errors import DataCorrupt, DataNotFound
from spa_gym.core.extras import require_extra
from spa_gym.core.record_shapes import evaluation_misfit, training_misfit
from spa_gym.core.run_record import RunRecord, find_records
from spa_gym.leaderboard.curves import draw_curves
from spa_gym.leaderboard.markdown import escaped
from spa_gym.leaderboard.outcomes import FIGURES, Figure
from spa_gym.leaderboard.pictures import draw_differences
from spa_gym.leaderboard.statistics import Interval
from spa_gym.leaderboard.summary import CEILING, REFERENCES, MethodRow, Study, collect_studies, method_order
from spa_gym.leaderboard.theme import DARK, LIGHT

__all__ = ["Report", "make_report"]


@dataclass
class Report:
    """Paths of what was written."""

    markdown: Path
    html: Path
    summary: Path
    """All figures of the tables as JSON."""
    pictures: list[Path]
    num_records: int


def make_report(
    runs: str | Path | Sequence[str | Path],
    out_dir: str | Path,
    references: Sequence[str] = REFERENCES,
    title: str | None = None,
) -> Report:
    """Write `report.md`, `report.html`, `summary.json` and the pictures.

    Args:
        runs: Folders of run records (searched with their subfolders), or single records.
        out_dir: Where to write, made where it is missing.
        references: The methods that differences are taken to, a column each.
        title: Heading of the page.

    Returns:
        Where everything is.

    Raises:
        DataNotFound: A folder is missing, or holds no record.
        DataCorrupt: A record cannot be read.
        DependencyNotInstalled: matplotlib or jinja2 is missing.
    """
    folders = [runs] if isinstance(runs, str | Path) else list(runs)
    out_dir = Path(out_dir)
    records = [_checked(path, record) for folder in folders for path, record in find_records(folder)]
    if not records:
        listed = ", ".join(map(str, folders))
        raise DataNotFound(
            "run records (.json)", f"none in {listed}", "give the --out of an evaluation or of a training"
        )
    studies = collect_studies(records, references)
    evaluations = sorted(
        (r for r in records if r.kind == "evaluate"), key=lambda r: (r.env_id, str(r.settings["split"]))
    )
    pictures = [_draw(study, place, out_dir, references) for place, study in enumerate(studies)]
    context = {
        "title": title or "spa-gym report",
        "studies": [_study_view(study, drawn) for study, drawn in zip(studies, pictures, strict=True)],
        "overview": _overview(studies),
        "evaluations": [_evaluation_view(record) for record in evaluations],
        "num_records": len(records),
        "newest": max(record.created for record in records)[:10],
        "provenance": _provenance(records),
    }
    _write(out_dir / "report.md", _template("report.md.j2", finalize=escaped).render(context))
    _write(out_dir / "report.html", _template("report.html.j2", autoescape=True).render(context))
    summary = [_summary(study) for study in studies]
    atomic_write_text(out_dir / "summary.json", json.dumps(summary, indent=1) + "\n")
    drawn = [path for group in pictures for pair in group.values() for path in pair.values()]
    return Report(out_dir / "report.md", out_dir / "report.html", out_dir / "summary.json", drawn, len(records))


def _checked(path: Path, record: RunRecord) -> RunRecord:
    """The record, if it holds what the tables show."""
    wrong = evaluation_misfit(record.settings, record.metrics) if record.kind == "evaluate" else ""
    if wrong := wrong or training_misfit(record.metrics):
        raise DataCorrupt("a complete run record", f"{path}: {wrong}", "remove that file, or run the command again")
    return record


def _write(path: Path, text: str) -> None:
    """Write a page; half of a surrogate pair, which UTF-8 cannot hold, becomes its escape."""
    atomic_write_text(path, text.encode("utf-8", "backslashreplace").decode("utf-8"))


def _draw(study: Study, place: int, out_dir: Path, references: Sequence[str]) -> dict[str, dict[str, Path]]:
    """Pictures by name, then by theme."""
    suffix = f"-{place + 1}" if place else ""
    drawn: dict[str, dict[str, Path]] = {}
    for theme in (LIGHT, DARK):
        ending = f"{suffix}.png" if theme is LIGHT else f"{suffix}-dark.png"
        paths = draw_curves(study, out_dir, ending, references, theme)
        differences = draw_differences(study, out_dir / f"differences{ending}", references, theme)
        if differences is not None:
            paths["differences"] = differences
        for name, path in paths.items():
            drawn.setdefault(name, {})[theme.name] = path
    return drawn


def _template(name: str, **options: Any) -> Any:
    """A template of this package. All foreign text in it is escaped; the filters format numbers, which are not."""
    jinja2 = require_extra("report", "jinja2", "writing a report")
    markup = require_extra("report", "markupsafe", "writing a report").Markup
    environment = jinja2.Environment(
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        undefined=jinja2.StrictUndefined,
        **options,
    )
    formats = {"interval": _interval, "signed": _signed, "count": _count, "minutes": _minutes}
    for filter_name, function in formats.items():
        environment.filters[filter_name] = lambda *given, function=function: markup(function(*given))
    environment.filters["parts"] = _parts
    source = files("spa_gym.leaderboard").joinpath("templates", name)
    return environment.from_string(source.read_text(encoding="utf-8"))


def _study_view(study: Study, drawn: dict[str, dict[str, Path]]) -> dict[str, Any]:
    def view(row: MethodRow, primary: str) -> dict[str, Any]:
        return {**vars(row), "main": row.cells.get(primary)}

    splits = []
    for split, rows in study.splits.items():
        decodings = list(dict.fromkeys(name for row in rows for name in row.cells))
        sizes = sorted({cell.num_tasks for row in rows for cell in row.cells.values()})
        primary = decodings[0]
        viewed = [view(row, primary) for row in rows]
        best = {
            d: max((r.cells[d].success.mean for r in rows if d in r.cells and r.method != CEILING), default=2.0)
            for d in decodings
        }
        mains = [row["main"] for row in viewed if row["main"]]
        scored = any(main.score is not None for main in mains)
        compared = list(dict.fromkeys(name for main in mains for name in main.differences))
        lengths = list(dict.fromkeys(name for main in mains for name in main.by_length))
        apart = [(n, r) for n in FIGURES for r in compared if any(r in m.other_differences.get(n, {}) for m in mains)]
        shown = {"name": split, "rows": viewed, "decodings": decodings, "primary": primary, "scored": scored}
        shown |= {"sizes": sizes, "best": best, "references": compared, "lengths": lengths}
        splits.append({**shown, "apart": apart, "seeds_alone": _seeds_alone(viewed)})
    pictures = {
        name: {theme: {"file": path.name, "data": _embed(path)} for theme, path in themes.items()}
        for name, themes in drawn.items()
    }
    costs = {method: study.costs[method] for method in method_order(study.costs)}
    return {"name": study.name, "splits": splits, "notes": study.notes, "pictures": pictures, "costs": costs}


def _seeds_alone(rows: Sequence[dict[str, Any]]) -> list[str]:
    """Which figures have intervals over seeds alone, each with the methods, unless those are all."""
    told = []
    for figure in FIGURES:
        having = [row for row in rows if row["main"] and getattr(row["main"], figure) is not None]
        methods = [row["method"] for row in having if figure in row["main"].seeds_alone]
        if methods:
            told.append(figure if len(methods) == len(having) else f"{figure} ({', '.join(methods)})")
    return told


def _overview(studies: Sequence[Study]) -> dict[str, Any] | None:
    """One table of all environments: a method a row, an environment a column; None where there is but one.

    Each column is the first split of its study, with the first decoding of that split.
    """
    columns: list[dict[str, Any]] = []
    for study in studies:
        split, rows = next(iter(study.splits.items()), ("", []))
        decoding = next((name for row in rows for name in row.cells), None)
        if decoding is not None:
            cells = {row.method: row.cells.get(decoding) for row in rows}
            best = max((cell.success.mean for name, cell in cells.items() if cell and name != CEILING), default=2.0)
            columns.append({"name": study.name, "split": split, "decoding": decoding, "cells": cells, "best": best})
    methods = method_order({method for column in columns for method in column["cells"]})
    return {"columns": columns, "methods": methods} if len(columns) > 1 else None


def _evaluation_view(record: RunRecord) -> dict[str, Any]:
    metrics = {name: _as_interval(record.metrics[name]) for name in ("success", "score", "grounding", "steps")}
    size, played = record.settings["split_size"], record.settings["num_tasks"]
    return {
        "env": Study(record.env_id, record.env_kwargs, {}).name,
        "split": record.settings["split"],
        "agent": record.method,
        "tasks": str(played) if played == size else f"{played} of {size}",
        **metrics,
    }


def _summary(study: Study) -> dict[str, Any]:
    splits = {split: [asdict(row) for row in rows] for split, rows in study.splits.items()}
    costs = {method: asdict(cost) for method, cost in study.costs.items()}
    return {"env": study.name, "notes": study.notes, "splits": splits, "costs": costs}


def _provenance(records: list[RunRecord]) -> dict[str, list[str]]:
    """Commits, data and package versions of all records; more than one value means that they were not made alike."""
    found: dict[str, set[str]] = {"commit": {str(record.commit) for record in records}}
    found["data hash"] = {str(record.data_hash) for record in records if record.data_hash}
    for record in records:
        for name, version in record.packages.items():
            found.setdefault(name, set()).add(version)
    return {name: sorted(values) for name, values in found.items() if values}


def _embed(path: Path) -> str:
    return base64.b64encode(path.read_bytes()).decode("ascii")


def _as_interval(value: dict[str, float]) -> Interval:
    return Interval(value["mean"], value["low"], value["high"])


def _interval(value: Figure | None, digits: int = 3, sign: str = "") -> str:
    """A figure with its interval, or alone where it has none."""
    mean, *bounds = _parts(value, digits, sign)
    return f"{mean} [{', '.join(bounds)}]" if bounds else mean


def _signed(value: Figure | None, digits: int = 3) -> str:
    return _interval(value, digits, "+")


def _parts(value: Figure | None, digits: int = 3, sign: str = "") -> list[str]:
    """A figure and the two ends of its interval, if it has one."""
    if value is None:
        return ["–"]
    return [f"{number:{sign}.{digits}f}" for number in (value if isinstance(value, Interval) else (value,))]


def _count(value: float) -> str:
    """A large number as a person reads it: 950, 204 k, 1.30 M."""
    if value >= 999_500:
        return f"{value / 1e6:.2f} M"
    return f"{value / 1e3:.0f} k" if value >= 10_000 else f"{value:.0f}"


def _minutes(seconds: float) -> str:
    """A duration in minutes, or hours where it is long."""
    return f"{seconds / 3600:.1f} h" if seconds >= 7200 else f"{seconds / 60:.1f} min"
