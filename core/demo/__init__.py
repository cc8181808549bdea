"""A workspace that is made up: Rind, an app in which people own slices of cheeses while they age, and Tomme, its assistant.

One import like any other, of rows that come from a seed; docs/demo.md says what is to be found in it.
"""
