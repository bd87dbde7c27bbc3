"""scrubadub with the detectors that it has by default, for the United States."""

from importlib.metadata import version

import scrubadub
from lines import serve

scrubber = scrubadub.Scrubber(locale="en_US")
serve(
    f"scrubadub {version('scrubadub')} with its default detectors: no names",
    lambda text: [(one.beg, one.end, one.detector_name) for one in scrubber.iter_filth(text)],
)
