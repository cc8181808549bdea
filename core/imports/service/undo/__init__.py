"""Undo of an import: one module per kind of row."""
