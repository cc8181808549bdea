"""Statements in .sql files."""

from core.platform.config import ROOT


def test_every_sql_file_is_named_by_a_module_beside_it() -> None:
    def is_named(name: str, modules: list[str]) -> bool:
        return any(f'"{name}"' in text for text in modules)

    files = list((ROOT / "core").rglob("*.sql"))
    beside = {
        folder: [path.read_text() for path in folder.glob("*.py")]
        for folder in {file.parent for file in files}
    }
    assert files
    assert not [
        str(file.relative_to(ROOT))
        for file in files
        if not is_named(file.stem, beside[file.parent])
    ]
