"""The demo workspace: an imaginary app, Rind, in which people own slices of ageing cheeses, and
Tomme, its assistant.

One import like any other, of the files in `data`, which tools/demo generates; docs/demo.md says
what is to be found in it.
"""
