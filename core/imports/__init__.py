"""Imports of files: recognise, dry run, store in the background, undo."""
