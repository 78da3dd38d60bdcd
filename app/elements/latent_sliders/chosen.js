// What is told of pairs that a lasso was drawn around: the pair of their mean Z, what they are, and those nearest to the mean.
const NEIGHBOURS = 7;

class Chosen {
  constructor(map) {
    Object.assign(this, { map, chosen: [] });
    this.clear = small("Clear the choice of pairs", "Clear", () => { map.plane.clear(); this.choose([]); }, { hidden: true });
    this.told = element("div", { class: "lassoed", role: "status" });
  }

  /** Tell of pairs; of none, nothing. */
  choose(chosen) {
    this.chosen = chosen;
    this.clear.toggleAttribute("hidden", !chosen.length);
    if (chosen.length) this.#tell();
    else this.told.replaceChildren();
  }

  async #tell() {
    const { map, chosen } = this, { main } = map, factors = Object.keys(main.sizes), factor = map.block.value;
    const mean = (name) => Float32Array.from({ length: main.sizes[name] }, (_, k) => chosen.reduce((sum, i) => sum + map.code(name, i)[k], 0) / chosen.length);
    const means = Object.fromEntries(factors.map((name) => [name, mean(name)]));
    const far = (i) => Math.hypot(...map.code(factor, i).map((x, k) => x - means[factor][k]));
    const near = [...chosen].sort((a, b) => far(a) - far(b)).slice(0, NEIGHBOURS);
    const rows = [means, ...near.map((i) => Object.fromEntries(factors.map((name) => [name, map.code(name, i)])))];
    const joined = (name) => Float32Array.from(rows.flatMap((row) => [...row[name]]));
    const { y, ...a } = Object.fromEntries(factors.map((name) => [name, joined(name)]));
    const { pixels } = await main.decoder.back.ask("decode", { key: main.model.key, n: rows.length, z: { y, a } });
    if (this.chosen !== chosen) return;
    const labels = map.data.labels.data, counts = main.digits.map((_, k) => chosen.filter((i) => labels[i] === k).length);
    const most = counts.map((n, k) => [n, k]).filter(([n]) => n).sort((p, q) => q[0] - p[0]).slice(0, 4);
    const told = `${chosen.length.toLocaleString("en")} ${map.called(chosen.length)}: ${most.map(([n, k]) => `${n} of ${main.data.words.y.noun} ${k}`).join(", ")}${counts.filter(Boolean).length > 4 ? ", \u2026" : ""}`;
    const picture = (row, text) => {
      const canvases = main.modalities.map((name) => {
        const canvas = element("canvas");
        put(canvas, pixels[name], main.model.model.shapes[name], row);
        return canvas;
      });
      const take = () => main.jump({ ...main.snapshot(), [factor]: settled(rows[row][factor]) });
      const button = element("button", { type: "button", class: "near", title: "Take this Z" }, [element("span", { class: "twins" }, canvases), element("span", {}, text)]);
      button.addEventListener("click", take);
      return button;
    };
    this.told.replaceChildren(
      element("p", { class: "note" }, `${told}. First the pair of their mean Z, then those nearest to it; a click takes that Z.`),
      element("div", { class: "bar" }, rows.map((_, row) => picture(row, row ? `pair ${near[row - 1]}` : "mean"))),
    );
  }
}
