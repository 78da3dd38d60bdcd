"""The README: its examples run, its figures are the measured ones, its links lead somewhere."""

from __future__ import annotations

import math
import re
import shlex
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import torch
from typer.testing import CliRunner

import mfm_core as mfm
import mfm_core.__main__  # enters all commands
from mfm_core.cli.app import app
from mfm_core.evaluation.paper_ratios import PAPER_RATIOS
from mfm_core.evaluation.quantities import exact, figure
from mfm_core.evaluation.statistics import Estimate
from mfm_core.experiments.results import read_comparisons
from mfm_core.reports.readme import BEGIN, END, RATIOS, readme_figures, readme_ratios, replace_figures
from mfm_core.reports.systems import SYSTEMS, readme_systems
from mfm_core.storage import folder as storage_folder

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
CODE = re.findall(r"^```python\n(.*?)^```$", README, re.DOTALL | re.MULTILINE)
SHELL = re.findall(r"^```sh\n(.*?)^```$", README, re.DOTALL | re.MULTILINE)
DISTANCES = {"real": 1.0, "mean_pictures": 21.0, "swapped": 3.0, "prior_matched": 6.0}
FIGURES = [
    figure("label_accuracy", "svhn", Estimate(0.991, 0.98, 1.0, 10), target=0.99).stored(),
    *(figure("frechet_distance", f"svhn:{way}", exact(x, 5)).stored() for way, x in DISTANCES.items()),
]
COMPARISON = {
    "note": "n = 7.",
    "reference": "MFM",
    "systems": [
        {"system": name, "name": name.lower(), "accuracies": [accuracy], "errors": 1, "n": 9}
        for name, accuracy in (("MM", 0.9), ("MFM", 0.99), ("other", 0.01))
    ],
}


def needs_model() -> None:
    if "svhn_mnist" not in mfm.pretrained_names():
        pytest.skip("svhn_mnist is not stored yet")


def run(number: int) -> dict[str, Any]:
    names: dict[str, Any] = {}
    exec(compile(CODE[number], f"README.md, example {number}", "exec"), names)
    return names


def test_the_example_of_digits_runs(capsys):
    needs_model()
    names = run(0)
    assert capsys.readouterr().out == "('svhn', 'mnist')\n"
    pictures, generated = names["pictures"], names["generated"]
    assert pictures["svhn"].shape == (4, 3, 32, 32)
    assert pictures["mnist"].shape == (4, 1, 28, 28)
    assert generated.label.shape == (8, 10)
    assert all(torch.isfinite(picture).all() for picture in pictures.values())


def test_the_example_of_videos_runs():
    if "studio_balanced" not in mfm.pretrained_names():
        pytest.skip("studio_balanced is not stored yet")
    names = run(1)
    flow, data, ratio = names["flow"], names["data"], names["ratios"]["language"]
    assert list(flow) == ["language", "acoustic", "visual"]
    for steps in flow.values():
        assert steps.shape == data.mask.shape
        assert bool((steps[data.mask] > 0).all())
        assert bool((steps[~data.mask] == 0).all())
    assert ratio.low < ratio.ratio < ratio.high
    assert ratio.n == 500


def test_the_example_of_own_data_runs(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    names = run(2)
    predicted = names["system"].predict(names["test"])
    assert torch.allclose(names["again"].predict(names["test"]), predicted, atol=1e-6)
    assert all(figure.n == len(names["test"]) for figure in names["figures"])


def test_every_example_is_run():
    assert len(CODE) == 3


def test_the_readme_opens_with_the_page_and_two_commands_that_need_a_clone_only():
    assert README.startswith("![")
    run, test = (block.strip() for block in SHELL[:2])
    assert "\n" not in run + test
    assert run.endswith(".venv/bin/streamlit run app/main.py")
    assert test.endswith(".venv/bin/python -m pytest")
    for requirements in ("requirements.txt", "requirements-dev.txt"):
        assert (ROOT / requirements).is_file()
    assert "python -m pytest" in (ROOT / ".ci" / "run").read_text()


def test_the_commands_it_names_exist():
    commands = [line for line in "".join(SHELL[2:]).splitlines() if line.startswith("python -m mfm_core ")]
    assert len(commands) >= 6
    for line in commands:
        program, *words = shlex.split(line, comments=True)
        if words[0].endswith(".py"):
            assert (program, (ROOT / words[0]).is_file()) == ("python", True), line
            continue
        words = words[2:]
        result = CliRunner().invoke(app, [*words[: 2 if words[0] == "data" else 1], "--help"])
        assert result.exit_code == 0, line


def test_links_lead_to_files_of_the_project():
    targets = [target for target in re.findall(r"\]\(([^)]+)\)", README) if "://" not in target]
    made = {"pretrained/svhn_mnist/card.md"}  # with the model
    missing = [target for target in targets if not (ROOT / target).exists() and target not in made]
    assert len(targets) >= 4
    assert missing == []


def test_its_figures_are_the_stored_ones():
    needs_model()
    try:
        metrics = mfm.load_metrics("svhn_mnist")
    except FileNotFoundError:
        pytest.skip("svhn_mnist is not measured yet")
    assert replace_figures(README, readme_figures(metrics)) == README, "run: python -m mfm_core readme-figures"


def test_its_ratios_are_the_stored_ones():
    needs_model()
    try:
        metrics = mfm.load_metrics("studio_balanced")
    except FileNotFoundError:
        pytest.skip("studio_balanced is not measured yet")
    wanted = replace_figures(README, readme_ratios(metrics), RATIOS)
    assert wanted == README, "run: python -m mfm_core readme-figures studio_balanced"


def test_its_tables_of_systems_are_the_stored_ones():
    comparisons = read_comparisons()
    if comparisons.empty:
        pytest.skip("no results are stored")
    wanted = replace_figures(README, readme_systems(comparisons), SYSTEMS)
    assert wanted == README, "run: python -m mfm_core readme-figures"


def test_a_table_of_systems_tells_the_place_of_mfm_and_an_error_is_better_when_low():
    systems = ["mfm", "tfn", "majority", *(f"other_{i}" for i in range(6))]
    means = [0.5, 0.4, 1.0, *([0.9] * 6)]
    rows = pd.DataFrame(
        {"system": systems, "mean": means, "low": 0.1, "high": 2.0, "n": 1000, "videos": 90, "seeds": 3, "trials": 2}
    )
    rows = rows.assign(table="own", dataset="own", modalities="", key="mae", subject="", unit="score")
    rows = rows.assign(higher_is_better=False, difference=rows["mean"] - 0.5, p_holm=0.01)
    rows.loc[0, "p_holm"] = math.nan
    *_, line = readme_systems(rows).splitlines()
    assert line == (
        "| own | 1,000 test samples of 90 videos | 3 | 2 | 9 | mean absolute error | TFN 0.400 (0.100 to 2.000) "
        "| 0.500 (0.100 to 2.000) | 2 of 9 | 1.000 (0.100 to 2.000) | 1 better, 7 worse |"
    )
    assert not readme_systems(rows[rows["system"] != "mfm"]).splitlines()[4:]
    assert readme_systems(pd.DataFrame()) == ""


def test_ratios_stand_beside_the_paper(tmp_path):
    ratio = {"value": 0.3, "low": 0.25, "high": 0.4, "at_median": 0.2}
    row = {"data": "ours", "seed": 7, "n": 9, "ratios": {"language": ratio}}
    text = readme_ratios({"ratios": {"rows": [row]}})
    assert "\n\n| data | seed | n | language |" in text
    assert "| ours | 7 | 9 | 0.300 (0.250 to 0.400) | none | none | 0.200 | none | none |" in text
    for data, paper in PAPER_RATIOS.items():
        assert f"| {data}, the paper |  |  | {paper['language']:.3f} |" in text
    several = readme_ratios({"ratios": {"rows": [row | {"n_units": 3}]}})
    assert "| ours | 7 | 9 of 3 videos | 0.300" in several
    row["ratios"] = {"pulse": ratio}
    own = readme_ratios({"ratios": {"rows": [row]}})
    assert "| language | acoustic | visual | pulse | language, median |" in own
    assert "| ours | 7 | 9 | none | none | none | 0.300 (0.250 to 0.400) | none | none | none | 0.200 |" in own
    assert readme_ratios({}) == ""


def test_figures_stand_beside_what_the_paper_says():
    text = readme_figures({"comparison": COMPARISON, "figures": FIGURES})
    assert "| system | paper, Figure 5(b) | ours: mean accuracy |" in text
    assert "| MM | above either modality alone | 90.00 % |" in text
    assert "| MFM | above MM | 99.00 % |" in text
    assert "| other |  | 1.00 % |" in text
    other = {**COMPARISON, "systems": [{**COMPARISON["systems"][1], "system": "seeds 0 to 2"}]}
    assert "| seeds 0 to 2 | above MM | 99.00 % |" in readme_figures({"comparison": other})
    assert "| label accuracy, svhn | 99.10 % | 98.00 % to 100.00 % | 10 | >= 99.00 % | yes |" in text
    assert "are at 10.0 %, 25.0 %." in text
    assert "mnist" not in text


def test_nothing_measured_is_nothing_shown():
    assert readme_figures({}) == ""


def test_figures_go_between_the_markers_and_nowhere_else():
    before = f"a\n{BEGIN}\nold\n{END}\nb\n"
    once = replace_figures(before, "new")
    assert once == f"a\n{BEGIN}\n\nnew\n\n{END}\nb\n"
    assert replace_figures(once, "new") == once


@pytest.mark.parametrize("text", ["", BEGIN, END + BEGIN, f"{BEGIN}{END}{END}", f"{BEGIN}{BEGIN}{END}"])
def test_a_readme_without_its_markers_is_refused(text):
    with pytest.raises(ValueError, match=f"^readme: expected {BEGIN} and then {END}, once each$"):
        replace_figures(text, "new")


def test_the_command_writes_them(folder, tmp_path, monkeypatch):
    monkeypatch.setattr(storage_folder, "PRETRAINED", folder.parent)
    mfm.save_metrics({"comparison": COMPARISON, "figures": FIGURES}, folder)
    readme = tmp_path / "README.md"
    readme.write_text(f"Umlaut: ä\n{BEGIN}\n{END}\n", encoding="utf-8")
    result = CliRunner().invoke(app, ["readme-figures", "tiny", "--readme", str(readme)])
    assert (result.exit_code, result.stdout) == (0, f"{readme}\n"), result.stderr
    assert "| MFM | above MM | 99.00 % |" in readme.read_text(encoding="utf-8")
