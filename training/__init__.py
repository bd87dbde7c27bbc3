"""What the PHI engine ships, made anew by `make train`: the lexicon, the tagger's weights, the network, names of surrogates.

In: the texts in `text/` with their marks (`marks`), lists of words (`words.yaml`, `groups.xz`) and packages whose licences
allow it. Out: the files in `lockgate.phi.finding.data`, and the list of names in `lockgate.phi.replacing.data`. In order:
`lexicons` (with `groups` and `dull`), `surrogate_names`, then `train` and `second`, which learn from the texts, from each of
them varied (`variety`), and from texts that are made (`generated`, with `pieces/` and `world`). `measure` and `ablation`
say what came of it. `text/held-*.txt` is for measuring: nothing here may learn from it. Nobody's real note is here.
"""
