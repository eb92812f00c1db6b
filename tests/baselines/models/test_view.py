"""What a policy reads of an observation: cuts, lower case, and pages that were read before in the same episode."""

from __future__ import annotations

from pathlib import Path

from spa_gym.baselines.models.checkpoint import load_checkpoint, save_checkpoint
from spa_gym.baselines.models.codec import Codec
from spa_gym.baselines.models.tokens import encode, history_ids
from spa_gym.baselines.models.view import Cut, View
from spa_gym.core.trajectory import Step, Trajectory
from tests.baselines.language import toy_codec, toy_model

VIEW = View(lower=True, cuts=(Cut(r"^Room|^room", "hall", "shorter"), Cut(r"(key).*", r"\1", "tail")), repeat_words=2)
ROOM = "Room 1 has a Key and\nmore"


def _codec(view: View = VIEW) -> Codec:
    return Codec(toy_codec().tokenizer, view=view)


def _read(codec: Codec, ids: tuple[int, ...] | list[int]) -> str:
    return str(codec.tokenizer.decode(list(ids)))


def test_cuts_follow_each_other_in_lower_case() -> None:
    assert VIEW.of(ROOM) == "hall 1 has a key"
    assert VIEW.again(ROOM) == "hall 1"
    assert VIEW.action("Go Left") == "go left"
    assert View().of(ROOM) == View().again(ROOM) == ROOM and View().action("Go") == "Go"
    assert View.from_json(VIEW.to_json()) == VIEW


def test_a_page_is_read_once_in_an_episode() -> None:
    codec = _codec()
    for reader in (codec.reader(), codec.reader()):
        seen = [_read(codec, reader.read(text)) for text in (ROOM, "other", ROOM, ROOM, "other")]
        assert seen == ["hall 1 has a key", "other", "hall 1", "hall 1", "other"]


def test_whole_trajectories_are_read_like_running_ones() -> None:
    codec = _codec()
    steps = (Step(ROOM, "go left", 0.0, True), Step("other", "Go Right", 0.0, True), Step(ROOM, "x", 0.0, False))
    row = encode(Trajectory("e", "t", "y", "g", steps, ROOM, False, True, 0.0, False), codec)
    assert _read(codec, row.ids[row.step_ends[1] + 1 : row.step_starts[2] - 1]) == "hall 1"
    assert _read(codec, row.ids[row.step_starts[1] : row.step_ends[1]]) == "go right"
    reader = codec.reader()
    head = [*codec.bos_ids, *history_ids(steps[:2], codec, reader)]
    assert row.ids[: len(head)] == head
    assert tuple(row.ids[len(head) : row.step_starts[2] - 1]) == reader.read(ROOM)


def test_the_view_belongs_to_the_checkpoint(tmp_path: Path) -> None:
    save_checkpoint(tmp_path / "plain", toy_model(), toy_codec())
    save_checkpoint(tmp_path / "viewed", toy_model(), _codec())
    assert load_checkpoint(tmp_path / "plain").codec.view == View()
    assert "view" not in (tmp_path / "plain" / "spa_gym.json").read_text()
    assert load_checkpoint(tmp_path / "viewed").codec.view == VIEW
