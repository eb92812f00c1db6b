"""The tables of a scoring as Markdown, and its figures as plain JSON."""

from __future__ import annotations

from typing import Any

import numpy as np

from spa_gym.baselines.attribution.cells import as_cell, as_number, as_table
from spa_gym.baselines.attribution.part_tables import by_part

__all__ = ["as_record", "as_tables", "first_seed", "row_name", "seen_form", "spread"]

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


def seen_form(entry: dict[str, Any]) -> str:
    """The form of an entry's credit that the loss sees: a reward through GAE, all else as it is."""
    return "gae" if "gae" in entry["rows"] else "step"


def spread(seeds: dict[int, Any], variant: str, figure: str) -> float | None:
    """Standard deviation of a figure over refits; None for fewer than two, or where there is no such figure."""
    rows = [entry["rows"][variant]["figures"] for entry in seeds.values()]
    values = [row[figure]["mean"] for row in rows if figure in row]
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
        "## By part",
        "",
        *by_part(_seen(scores), about["parts"], about["no_plans"]),
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


def _seen(scores: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    """(name, figures by part) of each scorer in the form that the loss sees, best Spearman first."""
    entries = {name: first_seed(seeds) for name, seeds in scores["scorers"].items()}
    rows = {row_name(name, seen_form(e)): e["rows"][seen_form(e)] for name, e in entries.items()}
    order = sorted(rows, key=lambda name: -rows[name]["figures"]["spearman"]["mean"])
    return [(name, rows[name]["parts"]) for name in order]


def _table(scores: dict[str, Any], columns: dict[str, str]) -> list[str]:
    rows, about = _rows(scores), scores["ceiling"]
    present = {f: label for f, label in columns.items() if any(f in row["figures"] for _, row in rows)}
    cells = [[name, *(as_cell(row["figures"].get(figure)) for figure in present)] for name, row in rows]
    for word, key in (("split half", "split_half"), ("ceiling", "ceiling")):
        if any(figure in about[key] for figure in present):
            cells.append([f"*{word}*", *(as_number(about[key].get(figure)) for figure in present)])
    return as_table(["", *present.values()], cells)


_REFITS = (
    "Deviations are standard deviations over refits, `agreement` is the mean correlation between the credits (as they "
    "are paid) of two refits. `paid` is the share of steps whose credit is not 0."
)


def _cost(scores: dict[str, Any]) -> list[str]:
    heads = ["", "pays", "the loss sees", "paid", "refits", "deviation of Spearman, as paid"]
    heads += ["deviation of gradients, as the loss sees it", "agreement", "env steps", "seconds"]
    rows = []
    for name, seeds in scores["scorers"].items():
        shown = first_seed(seeds)
        form = seen_form(shown)
        numbers = (
            spread(seeds, "step", "spearman"),
            spread(seeds, form, "gradient_cosine"),
            _agreement_of_refits(seeds),
        )
        texts = [shown["form"], "GAE of it" if form == "gae" else "it as it is", f"{100 * shown['paid_share']:.0f} %"]
        texts += [str(len(seeds)), *map(as_number, numbers), f"{shown['env_steps']:,}", f"{shown['seconds']:.0f}"]
        rows.append([name, *texts])
    return [_REFITS, "", *as_table(heads, rows, words=3)]
