"""datafog's engine of regular expressions, the one that it is fast by."""

from importlib.metadata import version

from datafog.processing.text_processing.regex_annotator import RegexAnnotator
from lines import serve

annotator = RegexAnnotator()
serve(
    f"datafog {version('datafog')}, its regex engine: no names",
    lambda text: [(one.start, one.end, one.label) for one in annotator.annotate_with_spans(text)[1].spans],
)
