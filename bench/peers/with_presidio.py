"""presidio-analyzer with the best of spaCy's English models that is installed, and without any where none is."""

import logging
from importlib.metadata import version

import spacy
from lines import serve
from presidio_analyzer import AnalyzerEngine
from presidio_analyzer.nlp_engine import SpacyNlpEngine

MODELS = ("en_core_web_md", "en_core_web_sm")


class Loaded(SpacyNlpEngine):
    """A pipeline that was loaded already: Presidio would download one."""

    def __init__(self, pipeline):
        super().__init__()
        self.nlp = {"en": pipeline}


logging.disable(logging.CRITICAL)
model = next((name for name in MODELS if spacy.util.is_package(name)), None)
pipeline = spacy.load(model) if model else spacy.blank("en")
analyzer = AnalyzerEngine(nlp_engine=Loaded(pipeline), supported_languages=["en"])
parts = f"spaCy's {model}" if model else "a blank spaCy pipeline: its pattern recognisers only, no names or places"
serve(
    f"presidio-analyzer {version('presidio-analyzer')} with {parts}",
    lambda text: [(one.start, one.end, one.entity_type) for one in analyzer.analyze(text, "en")],
)
