"""Generates the demo's data from a seed: `python -m tools.demo`. See docs/demo.md."""
