"""Benchmarks: `python -m bench`. Every figure is a ratio within one run, on real parts."""
