"""The table of conversations shows all its columns in a window of 1440 pixels."""

from datetime import UTC, datetime

from tests.browser.console import Program, Window

FITS = """() => {
    const table = document.querySelector(".dvn-scroller");
    return table?.clientWidth > 1000 && table.scrollWidth <= table.clientWidth;
}"""


def test_conversations_with_prompts_and_arms_fit(window: Window, program: Program) -> None:
    said = {"role": "assistant", "content": "x", "created_at": datetime.now(UTC).isoformat()}
    of = {"prompt_name": "a", "prompt_version": "1", "experiment_key": "b", "experiment_arm": "c"}
    message = {"id": "fit-0", **said, **of}
    program.show("fit", {"conversations": [{"id": "fit", "messages": [message]}]})
    tab = window.open("/tuning?view=conversations")
    tab.wait_for(lambda: tab.page.evaluate(FITS))
