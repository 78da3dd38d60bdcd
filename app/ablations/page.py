"""The page Ablations: up to four variants of MFM side by side, what each leaves out, and their figures."""

from __future__ import annotations

import streamlit as st

from app.ablations import compared, costs, losses, structure
from app.ablations.pairs import comparable
from app.ablations.view import MOST_COMPARED, AblationsLinks, AblationsView
from app.claims import results, small_table
from app.generate import digit_model
from app.shared import charts, prose, sidebar, state, stored_models
from app.shared import tables as tables_of_text
from mfm_core.evaluation.paper import SOURCE
from mfm_core.evaluation.table_verdicts import ABLATIONS
from mfm_core.experiments.variants import VARIANTS, VARIANTS_FILE
from mfm_core.networks.ablation import TABLE_2


def main() -> None:
    """The page."""
    tables = tuple(name for name, systems in results.links().systems.items() if set(ABLATIONS) & set(systems))
    models = comparable()
    state.open_view(_links(tables, models), "Ablations")
    st.header("Which loss, and which part, makes it factorize?", anchor=False)
    for notice in state.notices():
        st.warning(notice)
    if damaged := results.damage():
        st.error(prose.harmless(damaged))
    losses.pictures(models)
    losses.figures(models)
    _variants(tables)
    small_table.show(state.seen(AblationsView).names)
    sidebar.show("**Ablations** of Tsai et al. (2019), Table 2")
    state.write_link()


def _variants(tables: tuple[str, ...]) -> None:
    """Parts that each variant of Table 2 leaves out, and the cost of leaving them out."""
    st.subheader("What does each part of MFM buy?", anchor=False)
    prose.write(
        "Each variant leaves one design choice out (Figure 6, Table 2). What it lacks is drawn faint and dashed; a box "
        "with a second one behind it stands for one of each modality; X\u0302 is what is generated."
    )
    chosen = state.seen(AblationsView).names
    state.choose_several("Variants", "variants", VARIANTS, chosen, MOST_COMPARED, results.title_of_system)
    names = state.seen(AblationsView).names
    for column, name in zip(st.columns(len(names)), names, strict=True):
        with column:
            st.html(f"<p class='mfm-prose'><b>{prose.markup(results.title_of_system(name))}</b></p>")
            said = structure.sentence(TABLE_2[name])
            alt = f"Structure of {results.title_of_system(name)}. {said}"
            charts.draw(structure.drawing(name, charts.palette()), key=f"structure_{name}", alt=alt, still=True)
            prose.caption(said)
    with st.expander("The columns of Table 2"):
        st.dataframe(costs.design(names), hide_index=True, alt="Design choices of Table 2 that each variant has")
    st.subheader("Which part makes it factorize?", anchor=False)
    prose.write("All variants that were measured stand here, whichever are chosen above.")
    compared.show(
        VARIANTS_FILE,
        "MFM and its ablations on SVHN and MNIST by Eq. 4 alone, of the same sizes, trained alike on the same pairs",
        command="python -m mfm_core variants",
        alt="Swap accuracy, probes and coherence of MFM and its ablations on digits",
    )
    _figures(tables)


def _links(tables: tuple[str, ...], models: tuple[str, ...]) -> AblationsLinks:
    if not models:
        return AblationsLinks(tables)
    first = digit_model.load(stored_models.stored_as(models[0]))
    return AblationsLinks(tables, models, len(first.codes), first.shown[0])


def _figures(tables: tuple[str, ...]) -> None:
    """The paper's figures of the variants, and ours of the chosen table."""
    st.subheader("What leaving it out costs in prediction", anchor=False)
    prose.write(
        "How well each variant predicts the label: where it is worse than MFM beyond chance, leaving that part out "
        "costs. All variants stand here, whichever are chosen above. The paper's figures and ours are of different "
        "data, so compare variants within a table, not the two tables."
    )
    table = state.seen(AblationsView).table
    titles = {name: title for name, title in results.titles_of_tables().items() if name in tables}
    st.markdown("**The paper, on CMU-MOSI**")
    tables_of_text.show(costs.papers(VARIANTS), label="The paper's figures of the variants, on CMU-MOSI")
    prose.caption(f"{SOURCE}, Table 2.")
    if tables:
        with st.container(width=420):
            table = state.select("Ours on", "table", titles)
    ours = costs.ours(results.stamp(), table, VARIANTS) if table in titles else {}
    if not ours:
        st.info(
            "None of these variants has been computed on these data here. Compute them with: "
            "`python -m mfm_core table cmu_mosi --systems mfm,m_a,m_b,m_c,m_d,m_e`"
        )
        return
    st.markdown(f"**Ours, on {titles[table]}**")
    tables_of_text.show(ours, label=f"Our figures of the variants, on {titles[table]}")
    if said := costs.concluded(results.stamp(), table):
        prose.write(f"**In sum.** {said}")
    prose.caption(costs.counted(results.stamp(), table, VARIANTS))


main()
