"""Find the phases of a run that its error text names."""

import re
from collections.abc import Iterable


def named_phases(said: str, phases: Iterable[str]) -> list[str]:
    """Return the phases that occur in the text as whole words, ignoring case, in their order.

    When two match at one position, the longer one counts: "load index: timeout" does not name
    `load`.
    """
    known = {phase.casefold(): phase for phase in phases if phase}
    if not known:
        return []
    each = "|".join(re.escape(name) for name in sorted(known, key=len, reverse=True))
    found = re.finditer(rf"(?<!\w)(?:{each})(?!\w)", said.casefold())
    return list(dict.fromkeys(known[one.group()] for one in found))
