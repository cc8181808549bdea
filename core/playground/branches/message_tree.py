"""The messages of a session as a tree: each follows another one, and a branch is a path from the
first to its last message.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from uuid import UUID


@dataclass(frozen=True)
class MessageTree:
    """IDs by position, and the position that each follows: 0 is before the first message."""

    ids: Mapping[int, UUID]
    parents: Mapping[int, int]

    @property
    def newest(self) -> int:
        """The position of the newest message, on any branch; 0 when there is none."""
        return max(self.parents, default=0)

    @property
    def forks(self) -> dict[int, int]:
        """The parents of the messages that do not follow the one before them."""
        return {at: parent for at, parent in self.parents.items() if parent != at - 1}

    def path_to(self, leaf: int) -> list[int]:
        """Return the positions of the branch that ends with `leaf`, the first message first."""
        path = list[int]()
        while leaf in self.parents:
            path.append(leaf)
            leaf = self.parents[leaf]
        return path[::-1]

    def alternatives(self, position: int) -> list[UUID]:
        """Return the messages that follow the same one, itself included; none for an only one."""
        same = self._children[self.parents[position]]
        return [self.ids[at] for at in same] if len(same) > 1 else []

    def newest_after(self, position: int) -> int:
        """Return the newest message of the branches through a message."""
        through = {position}
        # A message follows an earlier one, so one pass finds all that come through it
        for at in sorted(self.parents):
            if self.parents[at] in through:
                through.add(at)
        return max(through)

    @cached_property
    def _children(self) -> dict[int, list[int]]:
        children: dict[int, list[int]] = {}
        for at in sorted(self.parents):
            children.setdefault(self.parents[at], []).append(at)
        return children
