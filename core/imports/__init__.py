"""Imports of files: recognize, map, check, store, undo.

`recognition` says what a file is and proposes a `mapping`; `containers` open CSV, JSON, JSON Lines
and Parquet as records; `rows`, `formats` and `cells` make rows of records; `ingest` checks them
(the dry run) and stores them chunk by chunk. `service` takes files, changes an import's state and
undoes it; `runner` is the work of an import, which `jobs` start in the worker.
"""
