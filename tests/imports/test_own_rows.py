"""Files of rows with the names of ingest's fields are recognized, although others use them, too."""

from core.imports.parsed import RowKind
from core.imports.recognition.recognize import recognize
from tests.imports.files import Folder, rows_of


def test_rows_with_the_fields_of_ingest_are_recognized_as_memories(folder: Folder) -> None:
    # Attune's own list of memories as CSV was taken for events without a type
    memory = {"content": "Prefers short answers.", "kind": "rule", "confidence": 0.9}
    at = "2026-03-04T05:06:07+00:00"
    path = folder.lines({"id": "m1", "user_id": "u1", "created_at": at, **memory})
    assert recognize(path).kind is RowKind.MEMORIES
    [row] = rows_of(path)
    assert {name: row[name] for name in memory} == memory


def test_messages_of_a_file_keep_prompt_and_experiment_as_ingest_takes_them(
    folder: Folder,
) -> None:
    # As metadata only, Review's filters did not find them
    prompt, experiment = {"name": "support", "version": "7"}, {"key": "tone", "arm": "friendly"}
    asked = {"id": "m1", "role": "user", "content": "Why?"}
    answered = {"id": "m2", "role": "assistant", "content": "So.", "model": "gpt-4o"}
    references = {"prompt": prompt, "experiment": experiment}
    path = folder.lines({"id": "c1", "messages": [asked, answered | references]})
    [row] = rows_of(path)
    message = row["messages"][1]
    assert (message["prompt_name"], message["prompt_version"]) == ("support", "7")
    assert (message["experiment_key"], message["experiment_arm"]) == ("tone", "friendly")
