"""How often the garbage collector looks for unreachable objects."""

import gc


def collect_less() -> None:
    """Leave imported modules, which stay until the end, out of every further collection.

    Imports leave less than one object in a hundred behind: looking for those first would take
    a tenth of a start.
    """
    gc.freeze()
    # Imports and pages create ten thousands of rows: collecting after every 700 objects, as Python
    # does by default, takes a quarter of the time of reading them.
    gc.set_threshold(20_000, 20, 20)
    gc.enable()
