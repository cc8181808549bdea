"""The demo workspace: an imaginary app, Rind, in which people own slices of ageing cheeses, and Tomme, its assistant.

One import like any other, of rows that come from a seed; docs/demo.md says what is to be found in it.
"""
