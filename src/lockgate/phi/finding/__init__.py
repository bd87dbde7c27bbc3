"""Find identifiers in text: texts in, spans out, several megabytes a second on one core.

A text is folded to one byte a code point (`folding`), cut into words with what the lexicon knows of each (`_words`),
searched for forms (`_patterns`) and tagged (`_tagger`, and where that is not sure `_second`). The tags become spans
(`_spans`): what a form proves, names met again, what a cue announces (`_cued`), who signed (`_signed`), and what belongs
to all of those (`_dated`, `_numbered`, `_named`, `_placed`; `_mended` for gaps). `naming` says which class of identifier a number is. `engine` does this for many texts at
once; `model` holds the lexicon, the weights and the network that the package ships; training them is `training/`'s
business. Pure: no I/O but loading those three, no clock, and never a text in an error.
"""

from lockgate.phi.finding.engine import Engine, Found, Span, engine

__all__ = ["Engine", "Found", "Span", "engine"]
