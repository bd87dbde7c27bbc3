"""Find identifiers in text: texts in, spans out, several megabytes a second on one core.

A text is folded to one byte a code point (`folding`), cut into words with what the lexicon knows of each (`_words`),
searched for forms (`_patterns`), tagged (`_tagger`), and the tags become spans (`_spans`); `naming` says which class
of identifier a number is. `model` holds the lexicon and the weights that the package ships; training them is
`training/`'s business. Pure: no I/O but loading those two, no clock, and never a text in an error.
"""

from lockgate.phi.finding.engine import Engine, Found, engine

__all__ = ["Engine", "Found", "engine"]
