"""The ratios of the page Dependency: bars, a table and a summary, with what to beware of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial

import streamlit as st

from app.dependency import charts as dependency_charts
from app.dependency import downloads as dependency_downloads
from app.dependency import figures, held_out_codes, summary
from app.dependency.figures import Ratios
from app.dependency.view import FEWEST, MOST_MODELS, NONE, DependencyLinks, DependencyView
from app.shared import charts, jobs, names, prose, state, stored_models, tables
from app.shared.section_header import section_header
from mfm_core.evaluation.paper_ratios import PAPER_RATIOS, PAPER_TITLES
from mfm_core.studio.truth import MODALITIES, WORLD_OF, WORLDS

BANDWIDTHS = {"median": "median", "one": "1.0, the paper's", "value": "a value"}
KERNELS = {"averaged": "averaged over time", "alignment": "aligned"}
WHAT_IS_COMPARED = (
    "The paper's bars are those of its Figure 9a, which gives neither intervals nor the number of clips. They are of "
    "other models, on other features of other clips: what can be compared is the order of the modalities, not the "
    "length of the bars. Lines: 95 % intervals of the jackknife, which leaves out a video at a time. Dashed: 1, where "
    "a modality depends on both alike. p: of the permutation test that what is generated is independent of F_y; none "
    "where several clips are of one video. Whether a ratio differs from 1 is what its interval says."
)


def controls(codec: DependencyLinks) -> None:
    """Question of the page, and its controls."""
    view = state.seen(DependencyView)
    _, right = section_header(
        "What does each modality depend on?",
        "How much does what is generated depend on F_y, which all modalities share, and how much on the modality's own "
        "F_a? Their quotient is the **dependency ratio** r (Eq. 5).",
    )
    with right:
        _models(codec, view)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        state.choose("Bandwidth", "bandwidth", BANDWIDTHS)
        if view.bandwidth == "value":
            with st.container(width=220):
                state.fraction(st.number_input, "Its value, {:g} to {:g}", "value", 100, 0.5)
        state.choose("Series are", "kernel", KERNELS)
        most = max((codec.limits(name).clips for name in view.names), default=0)
        with st.container(width=260):
            _clips(view, most)


def _models(codec: DependencyLinks, view: DependencyView) -> None:
    if state.offered("models", "Models"):
        st.session_state["view_models"] = list(view.names)
        st.multiselect(
            "Models",
            list(codec.models),
            format_func=stored_models.title,
            key="view_models",
            max_selections=MOST_MODELS,
            on_change=_take_models,
            disabled=state.held("models"),
            wrap=True,
        )


def _take_models() -> None:
    state.change(models=".".join(st.session_state["view_models"]) or NONE, of=0)


def _clips(view: DependencyView, most: int) -> None:
    few = min(FEWEST, most)
    if most <= few or not state.offered("n", "Clips"):
        return
    st.session_state["view_n"] = view.n or most
    st.slider(
        "Clips",
        few,
        most,
        key="view_n",
        on_change=lambda: state.change(n=0 if st.session_state["view_n"] >= most else st.session_state["view_n"]),
        disabled=state.held("n"),
    )


@dataclass(frozen=True)
class Shown:
    """Ratios that this session saw.

    Attributes:
        view: With which settings.
        found: The ratios of each model.
    """

    view: DependencyView
    found: Mapping[str, Ratios]


def show(slot: jobs.ProgressSlot) -> None:
    """The bars, the table, the summary and the warnings."""
    view = state.seen(DependencyView)
    found, stale = {}, False
    for name in view.names:
        shown = held_out_codes.load(name)
        made, old = slot.latest(
            f"ratios {name}",
            key_of("ratios", name, view),
            f"Measuring {stored_models.title(name)}, {figures.count(shown, view):,} clips …",
            partial(figures.ratios, shown, view),
        )
        stale = stale or old
        if made is not None:
            found[name] = made
    if stale:  # some are of other settings: no bar of these beside them
        found, told = _last_whole(view)
    if not found:
        return
    before = {} if stale else _before(view, found)
    if stale:
        prose.caption(f"Greyed, until all is measured: {told}.")
        jobs.grey("ratios")
    with st.container(key="ratios"):
        groups = dependency_charts.bars(found, before)
        charts.show(
            dependency_charts.ratio_figure(groups),
            dependency_charts.ratio_table(groups),
            key="ratios",
            alt=dependency_charts.aloud(groups),
        )
        _say(found, before)
        _warn(found, view)
        left, right = st.columns([6, 1], vertical_alignment="top")
        with left:
            prose.caption(WHAT_IS_COMPARED)
            for model, one in found.items():
                prose.caption(f"{stored_models.title(model)}: {summary.bandwidths(one)}")
            for sentence in (*_worlds(found), *_streams_of_the_paper(found)):
                prose.caption(sentence)
        with right, st.container(horizontal_alignment="right"):
            dependency_downloads.offer(found, view)


def _worlds(found: Mapping[str, Ratios]) -> list[str]:
    """Say what each stream truly weighs in the scores of the studio clips shown, and that r is something else."""
    said = []
    for model in found:
        if (world := WORLD_OF.get(stored_models.dataset_of(model).name)) is not None:
            weights = zip(MODALITIES, WORLDS[world], strict=True)
            told = ", ".join(f"{names.title(name).lower()} {share:.0%}".replace("%", " %") for name, share in weights)
            said.append(f"{stored_models.title(model)}: {told}")
    if not said:
        return []
    return [
        f"What each stream truly weighs in the score of the clips: {'; '.join(said)}. r does not measure that: it "
        "compares, within one modality, F_y with the modality's own F_a, so that streams of one weight may differ in r."
    ]


def _streams_of_the_paper(found: Mapping[str, Ratios]) -> list[str]:
    """A sentence for each data set of the paper's ratios that has a stream there and none in the model's copy."""
    sentences = {}
    for model, one in found.items():
        data = PAPER_TITLES.get(stored_models.dataset_of(model).name, "")
        if lacking := [names.title(name).lower() for name in PAPER_RATIOS.get(data, ()) if name not in one]:
            has = f"The paper's {data} has {' and '.join(lacking)}"
            sentences[data] = f"{has}; the copy of {data} that can be had today has none."
    return list(sentences.values())


def _last_whole(view: DependencyView) -> tuple[dict[str, Ratios], str]:
    """Ratios of the models that are shown which were last all of the same settings, and of which."""
    last: Shown | None = st.session_state.get("ratios_now")
    if last is None:
        return {}, ""
    return {name: last.found[name] for name in view.names if name in last.found}, settings(last.view)


def _before(view: DependencyView, found: Mapping[str, Ratios]) -> Mapping[str, Ratios]:
    """Ratios with the settings before; none where only the choice of models changed, or nothing did."""
    now: Shown | None = st.session_state.get("ratios_now")
    if now is not None and settings(now.view) != settings(view):
        st.session_state["ratios_before"] = now
    st.session_state["ratios_now"] = Shown(view, found)
    before: Shown | None = st.session_state.get("ratios_before")
    return before.found if before is not None and settings(before.view) != settings(view) else {}


def settings(view: DependencyView) -> str:
    """Settings of the measurement in words."""
    width = figures.bandwidth(view)
    clips = f"{view.n} clips" if view.n else "all clips"
    bandwidth = "the median" if width == "median" else f"{width:g}"
    return f"bandwidth {bandwidth}, series {KERNELS[view.kernel]}, {clips}, seed {view.seed}"


def key_of(what: str, name: str, view: DependencyView, *unread: str) -> str:
    """Key of a measurement: the model's files as they are, and every field of the view but those it does not read.

    Args:
        what: The measurement.
        name: The model.
        view: The view.
        unread: Fields that it does not read, beside the models, which of them and which modality are shown.
    """
    read = view.model_dump_json(exclude={"models", "of", "gram", *unread})
    return f"{what} {stored_models.version(stored_models.stored_as(name))} {read}"


def _warn(found: Mapping[str, Ratios], view: DependencyView) -> None:
    """One box however many ratios are in doubt, with each reason to unfold."""
    sentences = summary.warnings(found)
    if not sentences:
        return
    at_median = [
        f"{stored_models.title(model)}: {said}" for model, one in found.items() if (said := summary.at_median(one))
    ]
    if view.bandwidth == "median" or not at_median:
        head = f"Beware. {sentences[0]}"
    else:
        head = (
            "Beware: at this bandwidth Gram matrices are nearly the identity, and the bandwidth sets the ratios more "
            "than the model does. Such bars are hatched, and their ratios are not to be quoted. At the median "
            f"bandwidth they are, for {'; for '.join(at_median)}."
        )
    st.warning(head)
    with st.expander("Which, and by how much"):
        for sentence in sentences:
            prose.caption(sentence)


def _say(found: Mapping[str, Ratios], before: Mapping[str, Ratios]) -> None:
    """The bars in words, a sentence a model, and in one table."""
    said: dict[str, list[str]] = {}
    for model, one in found.items():
        said.setdefault(summary.summary(one), []).append(stored_models.title(model))
    for sentence, models in said.items():
        prose.write(f"**{'; '.join(models)}.** {sentence}")
    tables.show(summary.table(found, before), label="The ratios in one table")
    if before:
        earlier: Shown = st.session_state["ratios_before"]
        prose.caption(f"Before, and the diamonds: {settings(earlier.view)}.")
