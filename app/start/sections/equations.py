"""Equations 4, 5 and 7 of the paper, each explained term by term."""

from __future__ import annotations

from dataclasses import dataclass

import streamlit as st


@dataclass(frozen=True)
class Equation:
    """An equation of the paper.

    Attributes:
        number: Its number.
        title: What it is for, the title of its fold.
        latex: The equation.
        terms: Each term as LaTeX, and what it means.
        page: Folder of the page that shows it at work.
        link: Words of the link to that page.
    """

    number: int
    title: str
    latex: str
    terms: tuple[tuple[str, str], ...]
    page: str
    link: str


EQUATIONS = (
    Equation(
        4,
        "What training minimizes",
        r"\min_{F,\,G,\,D}\;\inf_{Q}\;\mathbf{E}\Big[\underbrace{\textstyle\sum_{i=1}^{M} c_{X_i}\big(X_i,\,"
        r"F_i(G_{a_i}(Z_{a_i}),\,G_y(Z_y))\big)}_{\text{reconstruction}} + \underbrace{c_Y\big(Y,\,D(G_y(Z_y))\big)}"
        r"_{\text{label}}\Big] + \underbrace{\lambda\,\mathrm{MMD}(Q_Z,\,P_Z)}_{\text{prior}}",
        (
            (r"\mathbf{E}", "the mean over the data and over the Z that the encoders Q infer from them"),
            (r"c_{X_i}(X_i, \cdot)", "how far the generated modality i is from the real one: a squared distance"),
            (r"F_i(\cdot)", "the decoder of modality i; it is given its own $F_a$ and the shared $F_y$"),
            (r"G_y(Z_y),\ G_{a_i}(Z_{a_i})", "networks that turn latents into factors: $F_y$ and $F_a$"),
            (r"c_Y(Y, D(G_y(Z_y)))", "how far the label read by D is from the true one; no $Z_a$ enters"),
            (r"Q_Z,\ P_Z", "the aggregate posterior, all inferred Z together, and the prior N(0, I)"),
            (
                r"\lambda\,\mathrm{MMD}",
                "a weight, times how unlike the two are; where they are the same, blocks of Z are independent",
            ),
        ),
        "ablations",
        "Ablations: what each part of it buys",
    ),
    Equation(
        5,
        "How much a modality depends on a factor",
        r"\mathrm{Depen}(F,\,\hat{X}_i) = \mathrm{HSIC}_{norm}(F,\,\hat{X}_i) = "
        r"\frac{\mathrm{tr}(K_F H K_{\hat{X}_i} H)}{\lVert H K_F H \rVert_F\,\lVert H K_{\hat{X}_i} H \rVert_F}, "
        r"\qquad r_i = \frac{\mathrm{Depen}(F_y,\,\hat{X}_i)}"
        r"{\mathrm{Depen}(F_{a_i},\,\hat{X}_i)}",
        (
            (r"K_F", "an n by n table: how alike the factors F of each two of n samples are, by a kernel"),
            (r"K_{\hat{X}_i}", "the same table for the generated modality i"),
            (
                r"H = I - \tfrac{1}{n}\mathbf{1}\mathbf{1}^{\top}",
                "centres a table: takes the means of rows and columns off",
            ),
            (
                r"\mathrm{tr}(K_F H K_{\hat{X}_i} H)",
                "large where samples alike in F are alike in the modality too",
            ),
            (
                r"\lVert\cdot\rVert_F",
                "the length of a table; divided by both, a table with itself gives 1",
            ),
            (r"r_i", "above 1 the modality follows what is shared, below 1 what is its own"),
        ),
        "dependency",
        "Dependency: the ratios, measured",
    ),
    Equation(
        7,
        "Where the shared factor acts in time",
        r"\nabla_{f_y}(\hat{x}_i) := \Big[\lVert\nabla_{f_y}\hat{x}_i^{1}\rVert_F^2,\;\lVert\nabla_{f_y}\hat{x}_i^{2}"
        r"\rVert_F^2,\;\ldots,\;\lVert\nabla_{f_y}\hat{x}_i^{T}\rVert_F^2\Big]",
        (
            (r"f_y", "the factor $F_y$ of one clip, as G makes it of the inferred $Z_y$"),
            (r"\hat{x}_i^{t}", "step t of modality i as it is generated: a word, its tone, a face"),
            (r"\nabla_{f_y}\hat{x}_i^{t}", "how each number of that step changes with each number of $F_y$"),
            (r"\lVert\cdot\rVert_F^2", "all of these changes squared and added: the flow at that step"),
            (r"[\,\ldots\,]", "one number a step: high where the shared factor makes itself felt"),
        ),
        "flow",
        "Flow: at which word, tone and face",
    ),
)


def _explained(equation: Equation) -> str:
    """An equation above the table of its terms, as Markdown."""
    rows = "\n".join(f"| ${term}$ | {meaning} |" for term, meaning in equation.terms)
    return f"$$\n{equation.latex}\n$$\n\n| term | what it is |\n|---|---|\n{rows}"


def show() -> None:
    """The section."""
    st.subheader("Three equations carry the paper", anchor=False)
    for equation in EQUATIONS:
        _fold(equation)


@st.fragment
def _fold(equation: Equation) -> None:
    """An equation, which is sent to those who open it: to set it takes a browser longer than the rest of the page."""
    title = f"Eq. {equation.number}: {equation.title}"
    place = st.expander(title, key=f"start_equation_{equation.number}", on_change="rerun")
    if not place.open:
        return
    # On a phone an equation is scrolled sideways, by keyboard from the link that is scrolled with it.
    with place, st.container(key=f"equation_{equation.number}"):
        st.markdown(_explained(equation))
        st.page_link(f"{equation.page}/page.py", label=equation.link)
