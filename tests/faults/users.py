"""Who runs the program: root, or somebody who is not."""

import os

NOBODY = 65534


def somebody() -> tuple[str, ...]:
    """Return what a command line begins with so that it is run by somebody who is not root:
    nothing, when we are not.

    The one privilege kept is to read what only root may: Python itself and the clone may lie in
    root's home.
    """
    if os.geteuid() != 0:
        return ()
    kept = [
        f"--{which}=-all,+dac_read_search" for which in ("bounding-set", "inh-caps", "ambient-caps")
    ]
    return ("setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups", *kept)
