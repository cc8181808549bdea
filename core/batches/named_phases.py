"""Find the phases of a run that its error text names."""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from itertools import islice

LONGEST_NAME = 200  # characters of a phase
# A row may have 50,000 phases and a text of a mebibyte: each with each would take minutes
MOST_COMPARED = 300_000
STARTS = re.compile(r"(?<!\w).", re.DOTALL)
WORD = re.compile(r"\w")


class PhaseNames:
    """The names of phases, to be found in texts."""

    def __init__(self, phases: Iterable[str]) -> None:
        folded = {phase.casefold(): phase for phase in phases if phase}
        self._names = {name: phase for name, phase in folded.items() if len(name) <= LONGEST_NAME}
        lengths: defaultdict[str, set[int]] = defaultdict(set)
        for name in self._names:
            lengths[name[0]].add(len(name))
        self._longest_first = {first: sorted(each, reverse=True) for first, each in lengths.items()}

    def in_text(self, text: str) -> list[str]:
        """Return the phases that occur in a text as whole words, ignoring case, in their order.

        When two match at one position, the longer one counts: "load index: timeout" does not name
        `load`.
        """
        if not self._names:
            return []
        said, found, passed = text.casefold(), dict[str, None](), 0
        for start, end in islice(self._spans(said), MOST_COMPARED):
            phase = self._names.get(said[start:end]) if start >= passed else None
            if phase is not None and not WORD.match(said, end):
                found[phase], passed = None, end
        return list(found)

    def _spans(self, said: str) -> Iterator[tuple[int, int]]:
        for match in STARTS.finditer(said):
            start = match.start()
            for length in self._longest_first.get(match[0], ()):
                yield start, start + length
