"""Take the last figures of a run of the first of five probes: for processes whose runs are cut short and go on."""

from __future__ import annotations

from mfm_core.evaluation import probes

FIRST = next(iter(probes._classifiers().items()))

probes._classifiers = lambda: dict([FIRST])
