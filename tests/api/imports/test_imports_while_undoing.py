"""A file that is imported while another one is undone keeps the rows that both have."""

import httpx2

from tests.api.imports.calls import do_what_is_due, upload

AT = "2026-03-04T05:06:07Z"
WRONG, CORRECTED = (
    "id,timestamp,event_type,user_id\n"
    + "".join(f"e{number},{AT},{name},u1\n" for number in range(40))
    for name in ("page.view", "page.opened")
)


def test_a_corrected_file_is_imported_after_the_undo_of_the_wrong_one(me: httpx2.Client) -> None:
    # Rows that both files have counted as known, and then went with the undo
    wrong, corrected = upload(me, WRONG)["id"], upload(me, CORRECTED)["id"]
    me.post(f"/imports/{wrong}/start")
    do_what_is_due(wrong)
    me.post(f"/imports/{wrong}/undo")
    me.post(f"/imports/{corrected}/start")
    do_what_is_due(corrected)
    assert me.get(f"/imports/{corrected}").json()["status"] == "queued"
    do_what_is_due(wrong)
    do_what_is_due(corrected)
    found = me.get(f"/imports/{corrected}").json()
    assert (found["status"], found["counts"]["events"]["accepted"]) == ("completed", 40)
