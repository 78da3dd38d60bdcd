"""The dependency ratios that the paper prints (Tsai et al., ICLR 2019, Figure 9a), for comparison and nothing else."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

PAPER_RATIOS: Mapping[str, Mapping[str, float]] = MappingProxyType(
    {
        "CMU-MOSI": MappingProxyType({"language": 0.307, "visual": 0.030, "acoustic": 0.107}),
        "POM": MappingProxyType({"language": 1.090, "visual": 0.996, "acoustic": 0.898}),
    }
)
"""r_i of each modality, by data set; the paper gives no interval and no n."""
PAPER_TITLES: Mapping[str, str] = MappingProxyType({"cmu_mosi": "CMU-MOSI", "pom": "POM"})
"""The data sets of these ratios by their name in the registry."""
