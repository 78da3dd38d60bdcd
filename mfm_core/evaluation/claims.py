"""Claims of section 3 of the paper, in our words, and the test of each."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from mfm_core.evaluation.evidence import Evidence, Outcome, untestable
from mfm_core.evaluation.standing import LEVEL
from mfm_core.evaluation.table_verdicts import (
    ABLATIONS,
    MFM,
    MIN_BASELINES,
    baselines_vary,
    competitive,
    each_better,
)
from mfm_core.evaluation.verdicts import (
    MARGIN,
    PAPER_BANDWIDTH,
    flexible_generation,
    flow_finds_evidence,
    labels_and_styles_apart,
    language_leads,
    mfm_beats_mm,
    multimodal_is_better,
)


@dataclass(frozen=True)
class Claim:
    """A claim of the paper.

    Attributes:
        key: Its name in links.
        text: What is claimed, in our words.
        place: Where.
        test: What is measured, and when the claim holds.
        judge: Computes the verdict.
    """

    key: str
    text: str
    place: str
    test: str
    judge: Callable[[Evidence], Outcome]


_SOTA = (
    "No other system may be better than MFM in any metric that the paper reports, by a paired bootstrap over the test "
    "samples after Holm's correction for the number of systems, each metric by itself; its own ablations M_A to M_E do "
    "not count. MFM has to be significantly above the most frequent label in one metric, or nothing is decided. If "
    "none is better the claim is not refuted, which is less than to hold: with few samples much is not told apart."
)
_MOST = (
    "Most of the differences of means over the metrics have to go that way, and most of those that a paired bootstrap "
    "over the test samples tells apart from 0 after Holm's correction for all of them; where it tells none apart, "
    "nothing is decided. It is of CMU-MOSI alone, as the paper's table; Ablations has other data, ours among them."
)
CLAIMS: tuple[Claim, ...] = (
    Claim(
        "multimodal",
        "Two modalities classify digits better than one.",
        "Section 3.2, Figure 5(b)",
        "Mean accuracy of MM above that of UM(SVHN) and of UM(MNIST) on the same held-out pairs, its 95 % interval "
        "over photographs and seeds apart from theirs.",
        multimodal_is_better,
    ),
    Claim(
        "mfm_above_mm",
        "MFM classifies digits better than a discriminative network of both modalities.",
        "Section 3.2, Figure 5(b)",
        f"Mean accuracy above that of MM, and p below {LEVEL} by a bootstrap over photographs and seeds.",
        mfm_beats_mm,
    ),
    Claim(
        "generation",
        "MFM generates digits flexibly: the label stays when styles are drawn.",
        "Section 3.2, Figure 5(c)",
        "Networks trained apart find the digit of Z_y in more than 90 % of pictures whose Z_a is drawn from the prior.",
        flexible_generation,
    ),
    Claim(
        "factorization",
        "MFM parts labels from styles.",
        "Section 3.2",
        "No probe may read the digit from Z_a more often than the target of the model's card allows: 20 % of MNIST, "
        f"and of SVHN {100 * MARGIN:g} points above guessing its most frequent digit. The end of the 95 % interval "
        "decides here; the card says by the value whether the target was reached.",
        labels_and_styles_apart,
    ),
    Claim(
        "baselines",
        "Different baselines are best on different data sets.",
        "Section 3.3, Table 1",
        f"The system of best mean is not the same on all data sets of which {MIN_BASELINES} systems have results, and "
        "none is among the best on all of them: that is, by a paired bootstrap over the test samples after Holm's "
        "correction not told apart from the best.",
        baselines_vary,
    ),
    *(
        Claim(
            f"competitive_{dataset}",
            f"MFM is state of the art or competitive on {title}.",
            "Section 3.3, Table 1",
            _SOTA,
            competitive(dataset, lacks),
        )
        for dataset, title, lacks in (
            ("pom", "POM", "The published tensors have no language, and r is the mean over traits that have no names"),
            ("cmu_mosi", "CMU-MOSI", "What is published of it are words and means of the voice, no face"),
            ("ict_mmmo", "ICT-MMMO", "It is of the videos that have all three modalities"),
            ("youtube", "YouTube", "It is of voice and face: language is published of too few videos"),
        )
    ),
    Claim(
        "competitive_iemocap",
        "MFM is state of the art or competitive on IEMOCAP.",
        "Section 3.3, Table 1",
        _SOTA,
        lambda evidence: untestable("IEMOCAP is licensed and not here; the harness runs on your own copy of it"),
    ),
    Claim(
        "discriminative_factor",
        "A multimodal discriminative factor is better than modality-specific ones.",
        "Section 3.3, Table 2",
        f"M_E above M_D and M_C above M_B on CMU-MOSI. {_MOST}",
        each_better((("m_e", "m_d"), ("m_c", "m_b"))),
    ),
    Claim(
        "generative_objective",
        "Generating as well improves prediction.",
        "Section 3.3, Table 2",
        f"M_C above M_E and M_B above M_D on CMU-MOSI. {_MOST}",
        each_better((("m_c", "m_e"), ("m_b", "m_d"))),
    ),
    Claim(
        "factorized_factors",
        "Parting generative from discriminative factors improves prediction.",
        "Section 3.3, Table 2",
        f"M_A and MFM above M_C on CMU-MOSI. {_MOST}",
        each_better((("m_a", "m_c"), ("mfm", "m_c"))),
    ),
    Claim(
        "specific_factors",
        "Modality-specific generative factors are better than a multimodal one.",
        "Section 3.3, Table 2",
        f"MFM above M_A on CMU-MOSI. {_MOST}",
        each_better((("mfm", "m_a"),)),
    ),
    Claim(
        "all_components",
        "All components of MFM are needed for its best performance.",
        "Table 2",
        f"MFM above each of M_A to M_E on CMU-MOSI. {_MOST}",
        each_better(tuple((MFM, ablation) for ablation in ABLATIONS)),
    ),
    Claim(
        "mosi_language",
        "On CMU-MOSI language tells more of the sentiment than the voice.",
        "Section 3.4, Figure 9(a)",
        f"The dependency ratio of language above that of the voice, their intervals apart, at bandwidth "
        f"{PAPER_BANDWIDTH:g}, as the paper has it. The jackknife of the intervals leaves out one video at a "
        "time.",
        language_leads,
    ),
    Claim(
        "mosi_voice",
        "On CMU-MOSI the voice tells more of the sentiment than the face.",
        "Section 3.4, Figure 9(a)",
        "The dependency ratio of the voice above that of the face, their intervals apart.",
        lambda evidence: untestable("the data of CMU-MOSI here have no face"),
    ),
    Claim(
        "pom_modalities",
        "On POM language tells most of the traits; face and voice tell almost the same.",
        "Section 3.4, Figure 9(a)",
        "The dependency ratio of language above the others, whose intervals overlap.",
        lambda evidence: untestable("the published tensors of POM have no language"),
    ),
    Claim(
        "gradient_flow",
        "The flow of Eq. 7 is largest where a modality carries evidence.",
        "Section 3.4, Figure 9(b)",
        "On studio clips, made by us for what no published data tell: which steps carry the evidence. Ranked by the "
        "flow, steps with evidence have to stand above the others (area under the curve above 0.5, its whole interval) "
        "in each world and modality.",
        flow_finds_evidence,
    ),
)


def judged(evidence: Evidence) -> dict[str, Outcome]:
    """The outcome of every claim, by its key."""
    return {claim.key: claim.judge(evidence) for claim in CLAIMS}
