"""The tables of a scoring as Markdown, and its figures as plain JSON."""

from __future__ import annotations

from typing import Any

import numpy as np

__all__ = ["as_record", "as_tables", "first_seed", "row_name", "spread"]

_MAIN = {
    "spearman": "Spearman",
    "spearman_episode": "in episodes",
    "spearman_state": "in states",
    "cosine": "cosine",
    "gradient_cosine": "gradients",
    "sign_accuracy": "sign",
    "leakage": "leakage",
    "critical_ap": "critical AP",
}
_MORE = {
    "kendall": "Kendall",
    "kendall_episode": "in episodes",
    "kendall_state": "in states",
    "rmse": "RMSE",
    "centred_rmse": "centred",
    "rmse_scaled": "scaled",
    "pearson_distance": "Pearson distance",
    "critical_precision": "critical precision",
    "critical_recall": "recall",
    "progress_spearman": "Spearman with progress",
    "sum_error": "mean of abs(sum c - R)",
}


def row_name(name: str, variant: str) -> str:
    """Name of a scorer's form in tables and pictures."""
    return name if variant == "step" else f"{name} ({variant})"


def first_seed(seeds: dict[int, Any]) -> Any:
    """The entry that the tables show."""
    return seeds[min(seeds)]


def spread(seeds: dict[int, Any], variant: str, figure: str) -> float | None:
    """Standard deviation of a figure over refits; None for fewer than two."""
    values = [entry["rows"][variant]["figures"][figure]["mean"] for entry in seeds.values()]
    return float(np.std(values, ddof=1)) if len(values) > 1 else None


def _agreement_of_refits(seeds: dict[int, Any]) -> float | None:
    """Mean Pearson correlation of the credits of all pairs of refits."""
    rows = [np.concatenate([np.array(c) for c in entry["credits"]]) for entry in seeds.values()]
    if len(rows) < 2 or any(row.std() < 1e-12 for row in rows):
        return None
    matrix = np.corrcoef(rows)
    return float(matrix[np.triu_indices(len(rows), 1)].mean())


def as_record(scores: dict[str, Any]) -> dict[str, Any]:
    """All figures without the credits of single steps."""
    made: dict[str, Any] = {"ceiling": scores["ceiling"], "errors": scores["errors"], "scorers": {}}
    for name, seeds in scores["scorers"].items():
        shown = {k: v for k, v in first_seed(seeds).items() if k != "credits"}
        figures = {v: list(row["figures"]) for v, row in shown["rows"].items()}
        shown["refits"] = {
            "seeds": sorted(seeds),
            "agreement": _agreement_of_refits(seeds),
            "deviation": {v: {f: spread(seeds, v, f) for f in names} for v, names in figures.items()},
        }
        made["scorers"][name] = shown
    return made


def as_tables(scores: dict[str, Any]) -> str:
    """Markdown: agreement with the truth, other measures, by kind of episode, and cost."""
    about = scores["ceiling"]
    truth = about["truth"]
    lines = [
        f"# Is the credit right? {truth['env_id']}",
        "",
        f"{about['steps']:,} steps of a frozen policy, {truth['tasks']} tasks, {truth['group']} episodes each, "
        f"{truth['continuations']} continuations from each place. {about['with_sign']:,} steps have a sign, "
        f"{about['without_effect']:,} no effect, {about['critical']:,} are critical; {about['states']} states have "
        f"several actions. A figure is followed by its 95 % interval over tasks. `split half` is one half of the "
        "continuations against the other, `ceiling` what perfect credit can be expected to reach.",
        "",
        *_table(scores, _MAIN),
        "",
        *_table(scores, _MORE),
        "",
        f"Perfect credit would be charged an RMSE of {about['noise_rmse']:.3f} for the noise of the truth; "
        f"{100 * about['shared_places']:.0f} % of the steps share their place with another (`centred`).",
        "",
        "## By kind of episode: Spearman",
        "",
        *_by_part(scores),
        "",
        "## Refits and cost",
        "",
        *_cost(scores),
    ]
    if scores["errors"]:
        lines += ["", "## Not scored", "", *(f"- {name}: {error}" for name, error in scores["errors"].items())]
    return "\n".join(lines) + "\n"


def _rows(scores: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    """(name, row) of each scorer's forms, best Spearman first."""
    rows = [
        (row_name(name, variant), row)
        for name, seeds in scores["scorers"].items()
        for variant, row in first_seed(seeds)["rows"].items()
    ]
    return sorted(rows, key=lambda pair: -pair[1]["figures"]["spearman"]["mean"])


def _table(scores: dict[str, Any], columns: dict[str, str]) -> list[str]:
    rows = _rows(scores)
    present = {f: label for f, label in columns.items() if any(f in row["figures"] for _, row in rows)}
    lines = ["| | " + " | ".join(present.values()) + " |", "|---|" + "---:|" * len(present)]
    for name, row in rows:
        cells = [_cell(row["figures"].get(figure)) for figure in present]
        lines.append(f"| {name} | " + " | ".join(cells) + " |")
    about = scores["ceiling"]
    split = [_number(about["split_half"].get(figure)) for figure in present]
    lines.append("| *split half* | " + " | ".join(split) + " |")
    if any(figure in about["ceiling"] for figure in present):
        top = [_number(about["ceiling"].get(figure)) for figure in present]
        lines.append("| *ceiling* | " + " | ".join(top) + " |")
    return lines


def _by_part(scores: dict[str, Any]) -> list[str]:
    rows = _rows(scores)
    parts = list(rows[0][1]["subsets"])
    heads = [f"{part} ({rows[0][1]['subsets'][part]['steps']})" for part in parts]
    lines = ["| | " + " | ".join(heads) + " |", "|---|" + "---:|" * len(parts)]
    for name, row in rows:
        cells = [_number(row["subsets"][part]["spearman"]) for part in parts]
        lines.append(f"| {name} | " + " | ".join(cells) + " |")
    return lines


def _cost(scores: dict[str, Any]) -> list[str]:
    lines = ["| | pays | refits | deviation of Spearman | agreement | env steps | seconds |", "|---|---|" + "---:|" * 5]
    for name, seeds in scores["scorers"].items():
        shown = first_seed(seeds)
        deviation, agreement = _number(spread(seeds, "step", "spearman")), _number(_agreement_of_refits(seeds))
        lines.append(
            f"| {name} | {shown['form']} | {len(seeds)} | {deviation} | {agreement} | {shown['env_steps']:,} | "
            f"{shown['seconds']:.0f} |"
        )
    return lines


def _cell(found: dict[str, float] | None) -> str:
    if found is None or found["mean"] != found["mean"]:
        return "-"
    return f"{found['mean']:.2f} [{found['low']:.2f}, {found['high']:.2f}]"


def _number(value: float | None) -> str:
    return "-" if value is None or value != value else f"{value:.2f}"
