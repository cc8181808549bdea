"""Settings, Redaction: what is removed from texts before they are stored, with a test."""

import streamlit as st
from pydantic import ValidationError

from core.errors import Invalid
from core.ingest.pattern_budget import compile_budget
from core.ingest.redaction import Mode, OwnPattern, Redaction
from core.presentation.validation import message_of
from core.system import redaction
from pages._ui import errors, frame, guard, state

MODE, PATTERNS, SAMPLE = "redaction.mode", "redaction.patterns", "redaction.sample"
RULES = {"email": "Email addresses", "phone": "Phone numbers", "card": "Card numbers"}
HELP = {
    "email": (
        "Email addresses used as user or session IDs are hashed consistently; other IDs are kept."
    )
}
WHAT_MODES_DO = {
    Mode.OFF: "Off",
    Mode.MASK: "Mask: [email]",
    Mode.HASH: "Hash: [email:…], same value gives same hash",
}


def draw() -> None:
    with guard.work() as (session, actor):
        present = redaction.read(session, actor=actor)
    frame.section("Redaction", "applied to all incoming text before it is stored")
    loaded = state.loaded(MODE, present)
    with st.form("redaction", border=True, enter_to_submit=False, width=760):
        modes = list(Mode)
        st.radio(
            "Replace matches with",
            modes,
            index=modes.index(present.mode),
            key=MODE,
            format_func=WHAT_MODES_DO.__getitem__,
        )
        for name, label in RULES.items():
            st.checkbox(label, getattr(present, name), key=f"redaction.{name}", help=HELP.get(name))
        st.text_area(
            "Custom patterns",
            "\n".join(f"{each.name}: {each.pattern}" for each in present.patterns),
            key=PATTERNS,
            placeholder="order: ORD-[0-9]{6}",
            help="One per line: name: RE2 pattern. Matches are replaced with the name.",
        )
        st.text_area(
            "Sample text", key=SAMPLE, max_chars=10_000, placeholder="Write to ada@example.com"
        )
        with st.container(horizontal=True):
            st.form_submit_button("Save", type="primary", on_click=save, args=(loaded,))
            tries = st.form_submit_button("Test redaction")
        if tries:
            with errors.InForm(st.container()):
                _show_left()


@errors.action
def save(loaded: Redaction) -> None:
    given = _entered_rules()
    with guard.work() as (session, actor):
        changed = redaction.change(session, given, actor=actor, loaded=loaded)
    state.put_loaded(MODE, changed)
    state.toast("Redaction saved")


def _show_left() -> None:
    """Show the sample text after redaction."""
    with guard.work() as (_, actor):
        left = redaction.preview(state.get(SAMPLE, ""), _entered_rules(), actor=actor)
    st.code(left or " ", language=None, wrap_lines=True)


def _entered_rules() -> Redaction:
    """Return the form; raise Invalid."""
    chosen = {name: state.get(f"redaction.{name}", True) for name in RULES}
    lines = [line for line in state.get(PATTERNS, "").splitlines() if line.strip()]
    # Nothing else runs in the process while patterns compile: fifty large ones took 2 s
    with compile_budget():
        patterns = tuple(_pattern(line) for line in lines)
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
    """Return the message of the first error."""
    first = wrong.errors()[0]
    if first["loc"] == ("name",):
        return "names start with a letter and use lower-case letters, digits, - and _ only."
    return message_of(first)
