"""What of a foreign result may reach an environment: a registered id, and plain values of arguments that it declares.

A result is a file of another person. What it names is made here, so nothing in it may name code, a path or a program:
no `module:id`, no function, no data folder. The person who verifies can name such a thing; then the result must name
the same.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from spa_gym.core.errors import BadArgument
from spa_gym.core.run_record import RunRecord
from spa_gym.registration import REGISTRATIONS

__all__ = ["environment_of"]


def environment_of(
    record: RunRecord, env_id: str | None = None, env_kwargs: Mapping[str, Any] | None = None
) -> tuple[str, dict[str, Any]]:
    """Return the id and the arguments of the environment that a result is to be replayed in.

    Args:
        record: The record of an evaluation.
        env_id: Id that the verifier names; needed for an environment that is not of this package.
        env_kwargs: Arguments that the verifier names; needed for those that are not `Registration.recordable`.

    Raises:
        BadArgument: The record names something else than that.
    """
    given = dict(env_kwargs or {})
    registered = next((row for row in REGISTRATIONS if row.id == record.env_id), None)
    if env_id is not None and env_id != record.env_id:
        raise BadArgument(f"a result of {env_id}", f"{record.env_id!r:.80} in the record", "correct --env")
    if env_id is None and registered is None:
        known = ", ".join(row.id for row in REGISTRATIONS)
        mend = f"if you trust that environment, give --env {record.env_id!r:.80}"
        raise BadArgument(f"a result of an environment of spa-gym ({known})", f"{record.env_id!r:.80}", mend)
    split = record.settings.get("split")
    if not isinstance(split, str) or "split" in record.env_kwargs:
        got = f"settings {split!r:.40}, arguments {record.env_kwargs.get('split')!r:.40}"
        raise BadArgument("a record that names its split once, in its settings", got, "evaluate again with --split")
    refused = [
        f"{name}={value!r:.80}"
        for name, value in record.env_kwargs.items()
        if name not in given and not (registered and registered.may_record(name, value))
    ]
    if refused:
        raise BadArgument(
            f"plain values of known arguments for {record.env_id} in the record",
            ", ".join(refused[:10]),
            "do not run what a file names; if you trust it, give that argument yourself: --env-arg KEY=VALUE, "
            "or --data-dir for data",
        )
    recorded = {name: record.env_kwargs.get(name) for name in given}
    if recorded != given:
        raise BadArgument(f"a record with the given arguments {given}", f"{recorded!r:.200}", "correct --env-arg")
    return record.env_id, {"split": split, **record.env_kwargs}
