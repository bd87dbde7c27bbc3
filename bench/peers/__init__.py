"""The PHI engine beside others, on the same texts in the same run: `make bench-phi`.

`texts` says on what, `others` installs each in a virtual environment of its own under `build/peers` (never in the locked
one) and runs it, `measured` puts the figures beside ours. The `with_*.py` are run by the others' interpreters, so they
import nothing of Lockgate: JSON Lines of texts in, JSON Lines of spans out.
"""
