"""How people of the demo greet and write."""

# From when until when one says what has such words in it.
HOURS = (
    (4, 11, ("morning", "morgen", "buongiorno", "buenos días", "bom dia")),
    (12, 18, ("afternoon", "middag", "tardes", "tarde")),
    (17, 24, ("evening", "abend", "avond", "soir", "sera", "kveld", "noches", "noite")),
)
GREETED = (
    "hi",
    "hello",
    "dear",
    "hoi",
    "hallo",
    "hei",
    "hola",
    "olá",
    "bonjour",
    "buongiorno",
    "guten",
    "good",
)


def fits_hour(greeting: str, hour: int) -> bool:
    """Whether a greeting fits the hour."""
    words = greeting.lower()
    return all(
        first <= hour < end for first, end, parts in HOURS for part in parts if part in words
    )


def in_style(text: str, style: str) -> str:
    """Return a text without capitals or final stops, as some people write."""
    if style == "lower":
        plain = " ".join(
            word if any(map(str.isdigit, word)) or "@" in word else word.lower()
            for word in text.split(" ")
        )
        return _without_stop(plain.replace("{Month:", "{month:"))
    return _without_stop(text) if style == "terse" else text


def _without_stop(text: str) -> str:
    return text if text.endswith("..") else text.removesuffix(".")
