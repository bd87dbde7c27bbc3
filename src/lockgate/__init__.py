"""Lockgate: an identity-aware gateway in front of whatever holds protected health information (PHI).

Start reading at `pipeline/`, the one path that every action takes; `action.py` holds the nouns it is told in.
"""

__version__ = "0.1.0"
