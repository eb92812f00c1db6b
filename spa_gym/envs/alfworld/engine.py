"""The rules of ALFWorld, in plain Python: what each command needs, does and answers.

Byte for byte what alfworld 0.4.2 on TextWorld 1.7.0 prints (and, in the dialect 2.1.1, what ETO and SPA train on),
quirks included:

* Receptacles may share a place. Then `go to` a neighbour does nothing, but its contents can be taken and examined.
* `look` lists nothing in the middle of the room; "Next to it" appears only for a thing that was picked up from one
  receptacle and put into another one at the same place.
* `examine` works on a thing only while it is held. Heating, cooling and cleaning work with closed doors, and nothing
  is ever full. A thing may be in two receptacles at once; taking it from one leaves it in the other.

The state is a handful of integers (bit masks) and one tuple, so a snapshot costs nothing.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable
from typing import Any

from spa_gym.envs.alfworld.commands import list_commands, read_command
from spa_gym.envs.alfworld.game import Game
from spa_gym.envs.alfworld.lexicon import HELP, Lexicon, lexicon_of

__all__ = ["NOTHING_HAPPENS", "Engine"]

NOTHING_HAPPENS = "Nothing happens."

Reply = tuple[str, bool]
_NOTHING: Reply = (NOTHING_HAPPENS, False)


class Engine:
    """One game being played.

    Args:
        game: what is played; shared, never changed.
        grammar: `"2.1.2"` or `"2.1.1"`, a key of `lexicon.DIALECTS`.
        list_help: whether `help` is listed among the admissible commands (it can be typed in any case).

    Attributes:
        won: the goal holds. Once true the state is no longer looked at by the environment.
        location, held: numbers; held is -1 with empty hands.
        opened: bit mask of receptacles. contents: receptacle number -> object numbers in it, in order.
        clean, hot, cool, toggled, sliced: bit masks of objects.
    """

    __slots__ = (
        "clean", "contents", "cool", "game", "held", "hot", "lexicon", "list_help", "location", "loose",
        "object_locations", "opened", "sliced", "toggled", "won",
    )  # fmt: skip

    def __init__(self, game: Game, grammar: str = "2.1.2", list_help: bool = False) -> None:
        self.game = game
        self.lexicon: Lexicon = lexicon_of(game, grammar)
        self.list_help = list_help and self.lexicon.dialect.has_help
        self.location: int = game.start_location
        self.held: int = game.held
        self.opened: int = game.opened
        self.contents: tuple[tuple[int, ...], ...] = game.contents
        self.clean: int = game.clean
        self.hot: int = game.hot
        self.cool: int = game.cool
        self.toggled: int = game.toggled
        self.sliced: int = game.sliced
        self.object_locations: tuple[int, ...] = game.object_locations
        self.loose: tuple[tuple[int, int], ...] = ()
        self.won = self.goal_holds()

    # -- what the environment calls -------------------------------------------------------------------------------

    def intro(self) -> str:
        """The first observation."""
        return self.lexicon.intro(self._here())

    def act(self, command: str) -> Reply:
        """Play one command: the reply, and whether it was executed. A command that cannot be done changes nothing."""
        parsed = self.lexicon.parsed.get(command)
        if parsed is None:
            stripped = command.strip()
            read = read_command(self.lexicon, stripped)
            if read is None:
                return _NOTHING
            parsed = self.lexicon.parsed[stripped] = (_RULES[read[0]], read[1], read[2])
        handler: Any = parsed[0]
        return handler(self, parsed[1], parsed[2])

    def admissible(self) -> tuple[str, ...]:
        """The commands that would be executed now, in alphabetical order."""
        here = self._here()
        game = self.game
        contents = self.contents
        key: tuple[object, ...] = (
            self.location,
            self.held,
            self.opened & self.lexicon.openable_at[self.location] if here else 0,
            contents[here[0]] if len(here) == 1 else tuple([contents[r] for r in here]),
            self.object_locations if self.held >= 0 and game.knives >> self.held & 1 else None,
            self.list_help,
        )
        commands = self.lexicon.admissible.get(key)
        if commands is None:
            # In alphabetical order all "go to" stand together, and are sorted once for the place.
            others = sorted(dict.fromkeys(list_commands(self, here)))
            middle = bisect_left(others, "go to")
            commands = (*others[:middle], *self.lexicon.go_commands(self.location), *others[middle:])
            self.lexicon.remember_admissible(key, commands)
        return commands

    def snapshot(self) -> tuple[Any, ...]:
        """The state, small and picklable."""
        return (
            self.location, self.held, self.opened, self.contents, self.clean, self.hot, self.cool, self.toggled,
            self.sliced, self.object_locations, self.loose, self.won,
        )  # fmt: skip

    def restore(self, snapshot: tuple[Any, ...]) -> None:
        """Go back to a snapshot of the same game."""
        (
            self.location, self.held, self.opened, self.contents, self.clean, self.hot, self.cool, self.toggled,
            self.sliced, self.object_locations, self.loose, self.won,
        ) = snapshot  # fmt: skip

    def goal_holds(self) -> bool:
        """Whether the goal holds now."""
        game = self.game
        kind = game.goal.kind
        if kind == "look_at_obj_in_light":
            if self.held < 0 or not game.goal_objects >> self.held & 1:
                return False
            return any(
                self.toggled >> o & 1 and game.toggleable >> o & 1 and game.object_types[o] == game.goal.target_type
                for r in self._here()
                for o in self.contents[r]
            )
        wanted = game.goal_objects & self.goal_state()
        if not wanted:
            return False
        needed = 2 if kind == "pick_two_obj_and_place" else 1
        for r in game.goal_receptacles:
            found = 0
            for o in self.contents[r]:
                if wanted >> o & 1:
                    found += 1
                    if found == needed:
                        return True
        return False

    def goal_state(self) -> int:
        """Bit mask of the objects in the state that the goal asks for (all, where it asks for none)."""
        kind = self.game.goal.kind
        if kind == "pick_clean_then_place_in_recep":
            return self.clean
        if kind == "pick_heat_then_place_in_recep":
            return self.hot
        if kind == "pick_cool_then_place_in_recep":
            return self.cool
        return -1

    # -- rules: each handler gets the numbers that the command names -----------------------------------------------

    def _here(self) -> tuple[int, ...]:
        location = self.location
        at = self.game.receptacles_at
        return at[location] if 0 <= location < len(at) else ()

    def _is_here(self, r: int) -> bool:
        return self.game.receptacle_location[r] == self.location and self.location >= 0

    def _accessible(self, r: int) -> bool:
        """The receptacle is at the agent's place and not closed."""
        return self._is_here(r) and not (self.game.openable >> r & 1 and not self.opened >> r & 1)

    def _view(self, r: int) -> str:
        return self.lexicon.view(r, bool(self.opened >> r & 1), self.contents[r])

    def _go(self, r: int, _: int) -> Reply:
        location = self.game.receptacle_location[r]
        if location < 0 or location == self.location:
            return _NOTHING
        self.location = location
        if self.toggled:
            self.won = self.goal_holds()
        return self.lexicon.dialect.arrival.format(r=self.game.receptacle_names[r]) + self._view(r), True

    def _open(self, r: int, _: int) -> Reply:
        if not self.game.openable >> r & 1 or self.opened >> r & 1 or not self._is_here(r):
            return _NOTHING
        self.opened |= 1 << r
        return f"You open the {self.game.receptacle_names[r]}. {self._view(r)}", True

    def _close(self, r: int, _: int) -> Reply:
        if not self.game.openable >> r & 1 or not self.opened >> r & 1 or not self._is_here(r):
            return _NOTHING
        self.opened &= ~(1 << r)
        return f"You close the {self.game.receptacle_names[r]}.", True

    def _take(self, o: int, r: int) -> Reply:
        contents = self.contents[r]
        if self.held >= 0 or o not in contents or not self.game.pickupable >> o & 1 or not self._accessible(r):
            return _NOTHING
        self._set_contents(r, tuple([x for x in contents if x != o]))
        self.held = o
        places = self.object_locations
        self.object_locations = (*places[:o], places[o] & ~(1 << self.location), *places[o + 1 :])
        if (o, r) not in self.loose:
            self.loose = tuple(sorted((*self.loose, (o, r))))
        self.won = self.goal_holds()
        return f"You pick up the {self.game.object_names[o]} from the {self.game.receptacle_names[r]}.", True

    def _put(self, o: int, r: int) -> Reply:
        if self.held != o or o < 0 or not self.game.can_contain[r] >> o & 1 or not self._accessible(r):
            return _NOTHING
        contents = self.contents[r]
        if o not in contents:
            self._set_contents(r, tuple(sorted((*contents, o))))
        self.held = -1
        places = self.object_locations
        self.object_locations = (*places[:o], places[o] | 1 << self.location, *places[o + 1 :])
        if (o, r) in self.loose:
            self.loose = tuple([pair for pair in self.loose if pair != (o, r)])
        self.won = self.goal_holds()
        names = self.game.object_names[o], self.game.receptacle_names[r]
        return self.lexicon.dialect.put_reply.format(o=names[0], r=names[1]), True

    def _set_contents(self, r: int, contents: tuple[int, ...]) -> None:
        everything = self.contents
        self.contents = (*everything[:r], contents, *everything[r + 1 :])

    def _heat(self, o: int, r: int) -> Reply:
        if not self._can_treat(o, r, self.game.heatable, "microwave"):
            return _NOTHING
        self.hot |= 1 << o
        self.cool &= ~(1 << o)
        return self._treated("heat", o, r)

    def _cool(self, o: int, r: int) -> Reply:
        if not self._can_treat(o, r, self.game.coolable, "fridge"):
            return _NOTHING
        self.cool |= 1 << o
        self.hot &= ~(1 << o)
        return self._treated("cool", o, r)

    def _clean(self, o: int, r: int) -> Reply:
        if not self._can_treat(o, r, self.game.cleanable, "sinkbasin"):
            return _NOTHING
        self.clean |= 1 << o
        return self._treated("clean", o, r)

    def _can_treat(self, o: int, r: int, able: int, appliance: str) -> bool:
        return (
            self.held == o and bool(able >> o & 1) and self.game.receptacle_types[r] == appliance and self._is_here(r)
        )

    def _treated(self, verb: str, o: int, r: int) -> Reply:
        self.won = self.goal_holds()
        return f"You {verb} the {self.game.object_names[o]} using the {self.game.receptacle_names[r]}.", True

    def _use(self, o: int, _: int) -> Reply:
        if not self.game.toggleable >> o & 1 or not any(o in self.contents[r] for r in self._here()):
            return _NOTHING
        self.toggled |= 1 << o
        self.won = self.goal_holds()
        return f"You turn on the {self.game.object_names[o]}.", True

    def _slice(self, o: int, knife: int) -> Reply:
        game = self.game
        if self.held != knife or not game.knives >> knife & 1 or not game.sliceable >> o & 1:
            return _NOTHING
        if self.location < 0 or not self.object_locations[o] >> self.location & 1:
            return _NOTHING
        self.sliced |= 1 << o
        return f"You sliced the {game.object_names[o]} with the {game.object_names[knife]}.", True

    def _examine_receptacle(self, r: int, _: int) -> Reply:
        return (self._view(r), True) if self._is_here(r) else _NOTHING

    def _examine_object(self, o: int, _: int) -> Reply:
        if self.held != o:
            return _NOTHING
        name = self.game.object_names[o]
        if self.game.container >> o & 1:
            inside = [self.lexicon.articles[i] for i in self.game.inside.get(o, ())]
            if not inside:
                return f"This is a normal {name}. In it, you see nothing.", True
            seen = ", ".join(inside[:-1]) + (", and " if len(inside) > 1 else "") + inside[-1]
            return f"This is a normal {name}. In it, you see {seen}.", True
        clean, hot, cool = self.clean >> o & 1, self.hot >> o & 1, self.cool >> o & 1
        sliced = self.sliced >> o & 1
        # The original asks in this order, and says "cold" only where the thing is neither clean nor sliced.
        warmth = "hot" if hot else "cool" if cool else ""
        words = f"{warmth} and clean" if clean and warmth else "clean" if clean else warmth
        if sliced:
            words = f"{words} sliced".strip()
        if words:
            return f"This is a {'cold' if words == 'cool' else words} {name}.", True
        if self.game.toggleable >> o & 1 and self.toggled >> o & 1:
            return f"This {name} is on.", True
        return f"There's nothing special about {name}.", True

    def _look(self, _: int, __: int) -> Reply:
        here = self._here()
        if not here:
            return self.lexicon.middle(), True
        loose = [o for o, r in self.loose if r in here and self.object_locations[o] >> self.location & 1]
        return self.lexicon.facing(here, loose), True

    def _inventory(self, _: int, __: int) -> Reply:
        if self.held < 0:
            return "You are not carrying anything.", True
        return f"You are carrying: {self.lexicon.articles[self.held]}.", True

    def _help(self, _: int, __: int) -> Reply:
        return HELP, True


_RULES: dict[str, Callable[[Engine, int, int], Reply]] = {
    "look": Engine._look,
    "inventory": Engine._inventory,
    "help": Engine._help,
    "go": Engine._go,
    "open": Engine._open,
    "close": Engine._close,
    "take": Engine._take,
    "put": Engine._put,
    "heat": Engine._heat,
    "cool": Engine._cool,
    "clean": Engine._clean,
    "use": Engine._use,
    "slice": Engine._slice,
    "examine receptacle": Engine._examine_receptacle,
    "examine object": Engine._examine_object,
}
"""The rule that each verb of `commands.read_command` names."""
