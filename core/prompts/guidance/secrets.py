"""Find secrets and personal data by their shape, in time linear in the text."""

from collections.abc import Iterator
from typing import Any

import re2

from core.ingest.redaction import Mode, Redaction, Redactor
from core.prompts.guidance.findings import FieldText, PromptFinding, PromptFindingCode

REASONS = {
    PromptFindingCode.SECRET: "Everyone who sees the prompt can read it, every call sends it to "
    "the provider, and versions keep it. Remove it and replace the secret.",
    PromptFindingCode.PERSONAL_DATA: "Every call sends it to the provider, and versions keep it. "
    "Use a variable or an invented value.",
}
# No pattern crosses the end of a line.
SECRETS = {
    "a private key": re2.compile(r"-----BEGIN (?:[A-Z]+ )*PRIVATE KEY-----"),
    # Prefixes of OpenAI and Anthropic, Stripe, Google, GitHub, GitLab, Slack, Hugging Face, npm,
    # AWS and Attune
    "an API key": re2.compile(
        r"\b(?:sk-[A-Za-z0-9_-]{20,}|[rs]k_(?:live|test)_[A-Za-z0-9]{16,}|AIza[A-Za-z0-9_-]{35}"
        r"|gh[opsur]_[A-Za-z0-9]{36,}|github_pat_\w{22,}|glpat-[\w-]{20,}|xox[abeprs]-[\w-]{10,}"
        r"|hf_[A-Za-z0-9]{30,}|npm_[A-Za-z0-9]{36}|A[KS]IA[A-Z0-9]{16}"
        r"|atn_[A-Za-z0-9]{8}_[A-Za-z0-9_-]{43})"
    ),
    # A JSON object in base64, such as the parts of a JWT, begins with eyJ
    "an access token": re2.compile(
        r"\beyJ[\w-]{8,}\.eyJ[\w-]{8,}\.[\w-]+|(?i:\bbearer)[ \t]+[A-Za-z0-9._~+/-]{20,}"
    ),
    "an address with a password": re2.compile(
        r"\b[A-Za-z][A-Za-z0-9+.-]{0,20}://[^\s/:@{}<>]+:[^\s/@{}<>]+@"
    ),
    "a password or key": re2.compile(
        r"(?i)\b(?:password|passwd|pwd|secret|token|api[ _-]?key)[\"']?[ \t]*[:=][ \t]*"
        r"[\"']?[^\s\"'`{}<>(),;]{8,}"
    ),
}
# Names that are reserved for examples (RFC 2606)
EXAMPLE_HOST = re2.compile(
    r"(?i)@(?:[a-z0-9-]+\.)*(?:example\.(?:com|net|org)|[a-z0-9-]+\.(?:example|test|invalid))\b"
)


def _redactor(kind: str) -> Redactor:
    kinds = {each: each == kind for each in ("email", "phone", "card")}
    return Redactor(Redaction(mode=Mode.MASK, **kinds))


PERSONAL_DATA = {
    "an email address": _redactor("email"),
    "a card number": _redactor("card"),
    "a phone number": _redactor("phone"),
}


def check(text: FieldText) -> Iterator[PromptFinding]:
    """Yield a finding for each kind of secret and of personal data."""
    rest = text.text
    for kind, pattern in SECRETS.items():
        # Masked at once, so that a later pattern does not report the same text
        before, rest = rest, str(pattern.sub(_masked, rest))
        yield from _finding(text, PromptFindingCode.SECRET, kind, before, rest)
    rest = str(EXAMPLE_HOST.sub(" ", rest))
    for kind, redactor in PERSONAL_DATA.items():
        before, rest = rest, redactor.text(rest)
        yield from _finding(text, PromptFindingCode.PERSONAL_DATA, kind, before, rest)


def _masked(match: Any) -> str:  # noqa: ANN401  re2 has no types
    """Return a mask, but words without a digit, such as sk-learn-based-models, as they are."""
    matched: str = match[0]
    has_digit = any(character.isdigit() for character in matched)
    return "[secret]" if has_digit or "-----" in matched or "://" in matched else matched


def _finding(
    text: FieldText, code: PromptFindingCode, kind: str, before: str, after: str
) -> Iterator[PromptFinding]:
    if before == after:
        return
    pairs = zip(before.split("\n"), after.split("\n"), strict=True)
    lines = [number for number, (was, now) in enumerate(pairs, 1) if was != now]
    where = f" on {len(lines):,} lines" if len(lines) > 1 else ""
    yield text.finding(code, f"The text seems to have {kind}{where}.", REASONS[code], lines[0])
