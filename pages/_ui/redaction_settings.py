"""Settings, Redaction: what is taken out of texts before they are stored, and what that does to a text."""

import streamlit as st
from pydantic import ValidationError

from core.errors import Invalid
from core.redaction import Mode, OwnPattern, Redaction
from core.system import redaction
from pages._ui import errors, frame, guard, state

MODE, PATTERNS, SAMPLE = "redaction.mode", "redaction.patterns", "redaction.sample"
RULES = {"email": "E-mail addresses", "phone": "Phone numbers", "card": "Card numbers"}
HELP = {
    "email": "In ids of users and sessions an address becomes a hash, the same for the same; other ids stay as they are sent."
}
WHAT_MODES_DO = {Mode.OFF: "Off", Mode.MASK: "Mask: [email]", Mode.HASH: "Hash: [email:…], the same for the same"}


def draw() -> None:
    """Draw the rules, and a place to try them."""
    with guard.work() as (session, actor):
        present = redaction.read(session, actor=actor)
    frame.section("Redaction", "of every text that comes in, before it is stored")
    with st.form("redaction", border=True, enter_to_submit=False, width=760):
        modes = list(Mode)
        st.radio("What is found is", modes, index=modes.index(present.mode), key=MODE, format_func=WHAT_MODES_DO.__getitem__)
        for name, label in RULES.items():
            st.checkbox(label, getattr(present, name), key=f"redaction.{name}", help=HELP.get(name))
        st.text_area(
            "Patterns of your own",
            "\n".join(f"{each.name}: {each.pattern}" for each in present.patterns),
            key=PATTERNS,
            placeholder="order: ORD-[0-9]{6}",
            help="One a line: a name, a colon, a pattern of RE2. The name stands where something was found.",
        )
        st.text_area("Try it on", key=SAMPLE, max_chars=10_000, placeholder="Write to ada@example.com")
        with st.container(horizontal=True):
            st.form_submit_button("Save", type="primary", on_click=save)
            tries = st.form_submit_button("Try")
        if tries:
            with errors.InForm(st.container()):
                _show_left()


@errors.action
def save() -> None:
    """Store what the form holds; a bad pattern is a problem in words."""
    given = _given()
    with guard.work() as (session, actor):
        redaction.change(session, given, actor=actor)
    state.toast("Redaction saved")


def _show_left() -> None:
    """Show what the rules of the form leave of the sample."""
    with guard.work() as (_, actor):
        left = redaction.preview(state.get(SAMPLE, ""), _given(), actor=actor)
    st.code(left or " ", language=None, wrap_lines=True)


def _given() -> Redaction:
    """Return what the form holds; raise Invalid with what is wrong."""
    chosen = {name: state.get(f"redaction.{name}", True) for name in RULES}
    patterns = tuple(_pattern(line) for line in state.get(PATTERNS, "").splitlines() if line.strip())
    try:
        return Redaction(mode=state.get(MODE, Mode.OFF), patterns=patterns, **chosen)
    except ValidationError as wrong:
        raise Invalid(_words(wrong)) from None


def _pattern(line: str) -> OwnPattern:
    name, _, pattern = line.partition(":")
    try:
        return OwnPattern(name=name.strip(), pattern=pattern.strip())
    except ValidationError as wrong:
        raise Invalid(f"{line.strip()[:80]}: {_words(wrong)}") from None


def _words(wrong: ValidationError) -> str:
    """Return what the first rule that was broken says."""
    first = wrong.errors()[0]
    if first["loc"] == ("name",):
        return "a name has small letters, digits, - and _, and begins with a letter."
    return first["msg"].removeprefix("Value error, ")
