"""Texts in the shared memory of `AsyncVectorEnv`, so that `gymnasium.make_vec(..., vectorization_mode="async")` works.

`AsyncVectorEnv` shares observations through a buffer which it reads once, when it is made, and copies (`deepcopy`)
after every step. With `gymnasium.spaces.Text` the read already happened, so that every step returns the same garbage,
silently; an unknown space is refused. Here the read returns `SharedTexts`, a live view whose copy is the tuple of
what stands in the buffer now. The functions go into Gymnasium's own dispatch by space type; `spa_gym.core.spaces`
registers `Unicode` with them. `SyncVectorEnv` (the default of `make_vec`) needs none of this.

Layout of the buffer, for n environments: n rows of 4 + 4 * max_length bytes, each a little-endian byte count and
then UTF-8 (lone surrogates pass). Pages that are never written cost no memory.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast, overload

from gymnasium.vector.utils import create_shared_memory, read_from_shared_memory, write_to_shared_memory

from spa_gym.core.errors import BadArgument

__all__ = ["SharedTexts", "register_shared_texts"]

_HEADER = 4  # bytes that hold the length of a text
_BYTES_PER_CHARACTER = 4  # the most that UTF-8 takes


class SharedTexts(Sequence[str]):
    """The texts of n environments, decoded from shared memory whenever they are looked at.

    Args:
        buffer: The shared array of n rows.
        num_envs: n.
        row_bytes: Length of a row.
    """

    def __init__(self, buffer: Any, num_envs: int, row_bytes: int) -> None:
        self._view, self._num_envs, self._row_bytes = memoryview(buffer).cast("B"), num_envs, row_bytes

    def __len__(self) -> int:
        """Return the number of environments."""
        return self._num_envs

    @overload
    def __getitem__(self, index: int) -> str: ...
    @overload
    def __getitem__(self, index: slice) -> tuple[str, ...]: ...
    def __getitem__(self, index: int | slice) -> str | tuple[str, ...]:
        """Return the text of one environment as it is now, or of several."""
        if isinstance(index, slice):
            return tuple(self[i] for i in range(*index.indices(self._num_envs)))
        start = range(self._num_envs)[index] * self._row_bytes
        size = int.from_bytes(self._view[start : start + _HEADER], "little")
        return bytes(self._view[start + _HEADER : start + _HEADER + size]).decode("utf-8", "surrogatepass")

    def __deepcopy__(self, memo: dict[int, Any]) -> tuple[str, ...]:
        """Freeze the present texts: this is what `AsyncVectorEnv` hands to its user."""
        return tuple(self)

    def __repr__(self) -> str:
        """Show the present texts."""
        return f"SharedTexts({tuple(self)!r})"


def register_shared_texts(space_type: type) -> None:
    """Teach Gymnasium's shared memory about a text space that has a `max_length` (in characters).

    Args:
        space_type: A subclass of `Space[str]`.
    """
    create_shared_memory.register(space_type, _create)
    read_from_shared_memory.register(space_type, cast(Any, _read))  # annotated for arrays only
    write_to_shared_memory.register(space_type, _write)


def _row_bytes(space: Any) -> int:
    return _HEADER + _BYTES_PER_CHARACTER * space.max_length


def _create(space: Any, n: int = 1, ctx: Any = None) -> Any:
    if ctx is None:
        import multiprocessing

        ctx = multiprocessing.get_context()
    return ctx.RawArray("B", n * _row_bytes(space))


def _read(space: Any, shared_memory: Any, n: int = 1) -> SharedTexts:
    return SharedTexts(shared_memory, n, _row_bytes(space))


def _write(space: Any, index: int, value: str, shared_memory: Any) -> None:
    data, row = value.encode("utf-8", "surrogatepass"), _row_bytes(space)
    if len(data) > row - _HEADER:
        raise BadArgument(
            f"an observation of at most {space.max_length} characters",
            len(value),
            "raise max_observation_length of the environment",
        )
    start = index * row
    view = memoryview(shared_memory).cast("B")
    view[start : start + _HEADER] = len(data).to_bytes(_HEADER, "little")
    view[start + _HEADER : start + _HEADER + len(data)] = data
