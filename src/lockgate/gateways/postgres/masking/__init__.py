"""How rows leave: each masked output becomes another valid value of its type.

In: what the analysis proved of the outputs, and what policy decided. Out: a `Treatment`, and from it the plan that the
compiled walk (`_rows`) or `copy_rows` follows. `tokens` finds masked values that come back as data. Whatever is in
doubt is masked.
"""
