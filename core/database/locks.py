"""Advisory locks, for work that only one process may do at a time."""

from enum import IntEnum, unique


@unique  # equal numbers would make unrelated work wait
class Lock(IntEnum):
    """Lock numbers; each begins with "att" in ASCII, unlike those of other programs."""

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
    # Held while AI requests that are stored are changed or removed one by one
    STORED_REQUESTS = 0x6174747C
    ORDERED_DAYS = 0x6174747D
    USER_DAY_COUNTS = 0x6174747E
    # Shared by processes that change subjects of the funnel; exclusive to apply another funnel
    FUNNEL = 0x6174747F
    EVENT_TYPES = 0x61747481
    SCORES = 0x61747482
    DIMENSION_ROLLUPS = 0x61747483
    PENDING_EVENTS = 0x61747484
    # Exclusive to each transaction of an import's undo; shared by imports that store rows. With the
    # import's ID, in Postgres' other key space, held by one worker over the whole undo
    UNDO = 0x61747485
    # Held while a prompt is saved, so that what it includes stays, and includes nothing new
    PROMPTS = 0x61747486
    TOOL_DIMENSION_ROLLUPS = 0x617474A0
