// What leaves the page as text: the parts of its link, and Python that makes the same pictures.

/** The state of the sliders as parts of a link; empty where it is what a visitor finds who brings none. */
function linkOf({ data, model, mine, sizes, locks, names }) {
  const { z, base, pair } = mine.get(model.key), first = model === data.models[0];
  const still = first && pair === 0 && Object.keys(z).every((factor) => z[factor].every((x, i) => x === base[factor][i]));
  return { z: still ? "" : toLetters(z, sizes), model: first ? "" : model.name, locks: [...locks].sort().join("."), names: namesToText(names) };
}

function pythonOf({ model, modalities, z }) {
  const list = (block) => `torch.tensor([[${[...block].join(", ")}]])`;
  return [
    "import mfm_core as mfm",
    "import torch",
    "",
    `model = mfm.load_pretrained(${JSON.stringify(model.name)})`,
    "latents = mfm.Latents(",
    `    y=${list(z.y)},`,
    "    a={",
    ...modalities.map((name) => `        ${JSON.stringify(name)}: ${list(z[name])},`),
    "    },",
    ")",
    "generated = model.decode(latents)",
    "print(generated.label.softmax(1))  # generated.modalities holds the pictures",
    "",
  ].join("\n");
}
