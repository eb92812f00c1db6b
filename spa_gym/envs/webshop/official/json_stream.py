"""Reading a huge JSON file element by element, in little memory: an array's elements, or an object's members.

The file is read in chunks and each element is decoded by Python's own scanner as soon as it lies whole in the buffer,
so the speed is that of `json.load` and the memory that of a few chunks. An array can be left and gone on with later,
from the byte behind its last element.
"""

from __future__ import annotations

import codecs
import json
from collections.abc import Iterator
from typing import Any, Protocol

from spa_gym.core.errors import DataCorrupt

__all__ = ["CHUNK", "ArrayStream", "Readable", "object_members"]

CHUNK = 1 << 20
"""Bytes read at a time."""

_SPACE = " \t\n\r"
_LONGEST = 1 << 26
"""Characters of the longest element; only a file that has lost a quotation mark has a longer one."""

_CUT = 12
"""An error this near to the buffer's end may come of an element that is cut there: `-Infinity`, `\\ud83d\\ude00`."""

_CUT_NUMBER = 2
"""Of a cut number such as `12.5e+`, so much may lie behind what reads as a whole one."""

_MEND = "download the file again with the setup.sh of github.com/princeton-nlp/WebShop"


class Readable(Protocol):
    """A file open for reading bytes, or anything that reads like one."""

    def read(self, size: int, /) -> bytes:
        """Return up to `size` bytes, none at the end."""
        ...


class ArrayStream:
    """The elements of a JSON array in a file.

    Args:
        file: The file, open for reading bytes (UTF-8).
        name: Its name, for errors.
        chunk_size: Bytes to read at a time.
        offset: Where to go on: an earlier `offset` of the same file, and `count` with it. The file must stand there.
        count: Number of elements before `offset`.

    Raises:
        DataCorrupt: While iterating: the file is no array, is cut off, or is not JSON from some byte on.

    Example:
        >>> import io
        >>> list(ArrayStream(io.BytesIO(b'[1, {"a": []}, "b"]'), "an example", chunk_size=4))
        [1, {'a': []}, 'b']
    """

    def __init__(self, file: Readable, name: str, chunk_size: int = CHUNK, *, offset: int = 0, count: int = 0) -> None:
        self._buffer = _Buffer(file, name, chunk_size, offset)
        self._buffer.count = count
        self._elements = self._read(fresh=offset == 0)

    @property
    def offset(self) -> int:
        """The byte behind the last element that was taken."""
        return self._buffer.offset(self._buffer.position)

    @property
    def count(self) -> int:
        """Number of elements up to there."""
        return self._buffer.count

    def __iter__(self) -> Iterator[Any]:
        """Go through the elements that were not taken yet."""
        return self._elements

    def _read(self, fresh: bool) -> Iterator[Any]:
        buffer = self._buffer
        if fresh:
            buffer.take("[", "a JSON array")
            if buffer.peek() != "]":
                yield buffer.value()[0]
        while buffer.take(",]", "',' or ']'") == ",":
            buffer.peek()
            yield buffer.value()[0]
        buffer.end()


def object_members(file: Readable, name: str, chunk_size: int = CHUNK) -> Iterator[tuple[str, str]]:
    """Yield the members of a JSON object in a file: the key, and the value as JSON text.

    Args:
        file: The file, open for reading bytes (UTF-8).
        name: Its name, for errors.
        chunk_size: Bytes to read at a time.

    Raises:
        DataCorrupt: The file is no object, is cut off, or is not JSON from some byte on.

    Example:
        >>> import io
        >>> list(object_members(io.BytesIO(b'{"a": [1, 2], "b": null}'), "an example"))
        [('a', '[1, 2]'), ('b', 'null')]
    """
    buffer = _Buffer(file, name, chunk_size)
    buffer.take("{", "a JSON object")
    if buffer.peek() == "}":
        buffer.take("}", "'}'")
    else:
        yield _member(buffer)
        while buffer.take(",}", "',' or '}'") == ",":
            yield _member(buffer)
    buffer.end()


def _member(buffer: _Buffer) -> tuple[str, str]:
    if buffer.peek() != '"':
        raise buffer.corrupt("a key in quotation marks")
    key, _ = buffer.value()
    buffer.take(":", "':'")
    buffer.peek()
    _, text = buffer.value()
    return key, text


class _Buffer:
    """The piece of the file that is in memory, and the place in it where reading stands."""

    def __init__(self, file: Readable, name: str, chunk_size: int, offset: int = 0) -> None:
        self._file, self._name, self._chunk_size = file, name, chunk_size
        self._decoder = codecs.getincrementaldecoder("utf-8")()
        self._scan = json.JSONDecoder().raw_decode
        self._bytes_read = offset
        self._ended = False
        self.text, self.position, self.count = "", 0, 0

    def peek(self) -> str:
        """Pass over white space and return the next character, "" at the end of the file."""
        while True:
            text, position = self.text, self.position
            while position < len(text) and text[position] in _SPACE:
                position += 1
            self.position = position
            if position < len(text):
                return text[position]
            if self._ended:
                return ""
            self._fill()

    def take(self, wanted: str, expected: str) -> str:
        """Pass over one character out of `wanted` and return it."""
        found = self.peek()
        if not found or found not in wanted:
            raise self.corrupt(expected)
        self.position += 1
        return found

    def value(self) -> tuple[Any, str]:
        """Decode the value that starts here; return it and its text."""
        while True:
            start = self.position
            try:
                value, end = self._scan(self.text, start)
            except json.JSONDecodeError as error:
                unclosed = error.msg.startswith("Unterminated string")
                maybe_cut = unclosed or error.pos >= len(self.text) - _CUT
                if self._ended or not maybe_cut or len(self.text) - start > _LONGEST:
                    self.position = len(self.text) if self._ended and unclosed else error.pos
                    raise self.corrupt(f"JSON ({error.msg})") from error
            except (ValueError, RecursionError) as error:  # a number of 5,000 digits, a nesting of 5,000 arrays
                raise self.corrupt(f"JSON that Python can hold ({error})") from error
            else:
                if self._ended or end < len(self.text) - _CUT_NUMBER:
                    self.position = end
                    self.count += 1
                    return value, self.text[start:end]
            self._fill()

    def end(self) -> None:
        """Make sure that nothing but white space follows."""
        if self.peek():
            raise self.corrupt("the end of the file")

    def offset(self, position: int) -> int:
        """The byte of the file at a position of the buffer."""
        pending = self._decoder.getstate()[0]
        return self._bytes_read - len(pending) - len(self.text[position:].encode("utf-8"))

    def corrupt(self, expected: str) -> DataCorrupt:
        """Build (not raise) the error that says where the file is wrong."""
        where = f"byte {self.offset(self.position):,} of {self._name}, behind {self.count:,} whole values"
        rest = self.text[self.position : self.position + 30]
        return DataCorrupt(
            f"{expected} at {where}", repr(rest) if rest else "the end of the file: it is cut off", _MEND
        )

    def _fill(self) -> None:
        """Read on; twice as much as is waiting, so that a long element is not tried too often."""
        self.text = self.text[self.position :]
        self.position = 0
        chunk = self._file.read(max(self._chunk_size, len(self.text)))
        self._ended = not chunk
        try:
            text = self._decoder.decode(chunk, final=self._ended)
        except UnicodeDecodeError as error:
            where = f"byte {self._bytes_read + error.start - len(self._decoder.getstate()[0]):,}"
            raise DataCorrupt(f"UTF-8 in {self._name}", f"{error.reason} near {where}", _MEND) from error
        self._bytes_read += len(chunk)
        self.text += text
