"""Numbers as people write them: with commas, points, gaps and apostrophes."""

import re

THOUSANDS = {
    mark: re.compile(rf"^[+-]?[1-9]\d{{0,2}}(?:{re.escape(mark)}\d{{3}})+$") for mark in ",."
}
GAPS = str.maketrans("", "", " _'\u00a0\u202f\u2019")


def decimal(written: str, *, comma: bool = False) -> str:
    """Return a number as Python reads it, whichever marks it is written with; `comma` says that the
    decimal mark is one.

    Otherwise `1,5` and `1.234,5` can be nothing else; three digits after a comma are
    thousands.
    """
    plain = written.strip().translate(GAPS)
    last = max(plain.rfind(","), plain.rfind("."))
    if "," in plain and "." in plain:
        return plain[:last].replace(",", "").replace(".", "") + "." + plain[last + 1 :]
    if comma and THOUSANDS["."].match(plain):
        return plain.replace(".", "")
    if not comma and THOUSANDS[","].match(plain):
        return plain.replace(",", "")
    return plain.replace(",", ".")
