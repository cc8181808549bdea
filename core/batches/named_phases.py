"""Find the phases of a run that its error text names."""

import re
from collections.abc import Iterable


def named(said: str, phases: Iterable[str]) -> list[str]:
    """Return the phases that are named, as whole words and whatever their case, in the order in which they are.

    Of two that begin at one place it is the longer: "load index: timeout" does not speak of `load`.
    """
    known = {phase.casefold(): phase for phase in phases if phase}
    if not known:
        return []
    each = "|".join(re.escape(name) for name in sorted(known, key=len, reverse=True))
    found = re.finditer(rf"(?<!\w)(?:{each})(?!\w)", said.casefold())
    return list(dict.fromkeys(known[one.group()] for one in found))
