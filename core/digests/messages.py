"""A digest as an email: plain text, and the same in HTML with all texts escaped."""

from collections.abc import Iterator
from dataclasses import dataclass
from email.headerregistry import Address
from email.message import EmailMessage
from html import escape
from urllib.parse import urlencode
from uuid import UUID

from core.digests.schemas import DigestDetails
from core.presentation import formatting
from core.presentation.change_texts import change, comparison
from core.presentation.periods import DAY, day_of

STYLE = "font-family:sans-serif;font-size:14px;line-height:1.5;color:#222;max-width:640px"


@dataclass(frozen=True)
class MailBlock:
    """A heading, its lines, each with an address or without, and the address of the whole."""

    title: str
    lines: list[tuple[str, str]]
    link: str = ""


def message_of(digest: DigestDetails, account_id: UUID, email: str, address: str) -> EmailMessage:
    """Return the message to a subscriber; `address` is the console's."""
    # Half a day before the end is within the last day, also where the clock was changed on it
    last = day_of(digest.ends_at - DAY / 2, digest.time_zone)
    title = f"Weekly digest: {digest.week:%-d %b} to {last:%-d %b %Y}"
    blocks = list(_blocks(digest, address))
    message = EmailMessage()
    message["Subject"] = title
    message["To"] = _address(email)
    # The same for each attempt, so that a mailbox can recognize a repeated one
    message["Message-ID"] = f"<digest-{digest.id}-{account_id}@attune.invalid>"
    # Keeps vacation notices and ticket systems from answering (RFC 3834)
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(_text(title, blocks, address))
    message.add_alternative(_html(title, blocks, address), subtype="html")
    return message


def _address(email: str) -> Address:
    try:
        return Address(addr_spec=email)
    except ValueError:  # of dots in a row, and of letters that are not ASCII
        name, _, domain = email.partition("@")
        return Address(username=name, domain=domain)


def _blocks(digest: DigestDetails, address: str) -> Iterator[MailBlock]:
    changes = [
        (f"{figure.label}: {comparison(figure)} · {_line(section.title)}", address + section.link)
        for section in digest.sections
        for figure in section.changed
    ]
    none = [("No change beyond normal variation", "")]
    yield MailBlock("What changed", changes or none)
    found = [
        (_line(f"{each.title} · {each.detail}"), f"{address}/{each.page}?{urlencode(each.query)}")
        for each in digest.findings
    ]
    yield MailBlock("Needs attention", found or [("No findings", "")])
    for section in digest.sections:
        figures = [
            (
                f"{figure.label}: {formatting.figure(figure.value, figure.unit)}"
                + (f" ({changed})" if (changed := change(figure)) else ""),
                "",
            )
            for figure in section.figures
        ]
        yield MailBlock(_line(section.title), figures, address + section.link)


def _line(given: str) -> str:
    """Return a text of others as one line."""
    return " ".join(given.split())


def _text(title: str, blocks: list[MailBlock], address: str) -> str:
    parts = [title]
    for block in blocks:
        lines = [f"- {line}" + (f"\n  {link}" if link else "") for line, link in block.lines]
        parts.append("\n".join([block.title, *lines, *([block.link] if block.link else [])]))
    return "\n\n".join([*parts, f"Unsubscribe in your account: {address}/you"]) + "\n"


def _html(title: str, blocks: list[MailBlock], address: str) -> str:
    parts = [f"<h2>{escape(title)}</h2>"]
    for block in blocks:
        items = "".join(f"<li>{_linked(line, link)}</li>" for line, link in block.lines)
        parts.append(f"<h3>{_linked(block.title, block.link)}</h3><ul>{items}</ul>")
    end = _linked("Unsubscribe in your account", f"{address}/you")
    return f'<div style="{STYLE}">{"".join(parts)}<p>{end}</p></div>'


def _linked(words: str, link: str) -> str:
    return f'<a href="{escape(link)}">{escape(words)}</a>' if link else escape(words)
