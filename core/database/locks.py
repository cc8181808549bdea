"""Advisory locks: for work that only one process may do at a time."""

from enum import IntEnum, unique


@unique  # two of one number would wait for each other without a reason, even for good
class Lock(IntEnum):
    """Each begins with "att": numbers that no other program on a shared server takes by chance."""

    PARTITIONS = 0x61747471
    REQUEST_ROLLUPS = 0x61747472
    TOOL_ROLLUPS = 0x61747473
    EVENT_ROLLUPS = 0x61747474
    MIGRATIONS = 0x61747475
    RETENTION = 0x61747476
    FIGURES = 0x61747477
    DROPPED_SPANS = 0x61747478
    NAMES_OF_MESSAGES = 0x61747479
    FEEDBACK = 0x6174747A
    FIRST_ACCOUNT = 0x6174747B
    REPRICE = 0x6174747C
    ORDERED_DAYS = 0x6174747D
    USER_DAY_COUNTS = 0x6174747E
