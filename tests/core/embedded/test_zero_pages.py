"""Zero pages: large memory full of zeros takes no room and keeps what else is in it."""

import mmap
from pathlib import Path

from core.embedded import zero_pages

SIZE = zero_pages.LARGE + 8 * zero_pages.PIECE


def resident_kb() -> int:
    [line] = [
        line
        for line in Path("/proc/self/smaps_rollup").read_text().splitlines()
        if line.startswith("Private_Dirty")
    ]
    return int(line.split()[1])


def test_zeros_take_no_room_and_all_else_in_the_same_memory_stays() -> None:
    # llama.cpp fills its cache with zeros: 184 MB, of which only the tokens of answers are used
    with mmap.mmap(-1, SIZE, flags=mmap.MAP_PRIVATE) as memory:
        memory.write(bytes(SIZE))
        memory[SIZE // 2] = 7
        memory[SIZE - 1] = 9
        before = resident_kb()
        zero_pages.release()
        assert before - resident_kb() > 60_000
        assert (memory[SIZE // 2], memory[SIZE - 1]) == (7, 9)
        assert memory[:].count(0) == SIZE - 2
