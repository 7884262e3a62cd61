"""A data set of drawn faces, so that everything can be tried without one's own photos."""

from dataprep.sample.folder import SampleSummary, write_sample

__all__ = ["SampleSummary", "write_sample"]
