"""Datasets: cases with expectations, in versions that never change."""
