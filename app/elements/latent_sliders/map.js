// A map of held-out pairs by one block of Z: hover decodes a pair, a click sets the sliders there, a lasso tells of many.
const BLENDED = 6; // codes that an empty place of the UMAP layout is decoded from
const STEP = 0.15; // that an arrow key moves Z by

const ORDINALS = ["first", "second"];

/** Which pairs are on the map: those of the model's codes and, except in a stored layout, further ones. */
function countedPairs(codes, all, stored) {
  const [those, every, further] = [codes, all, all - codes].map((n) => n.toLocaleString("en"));
  if (all === codes) return `${those} held-out pairs`;
  return stored
    ? `${those} held-out pairs: those whose codes are stored with the model, for the layout was computed of them alone; the other axes show ${further} further pairings too`
    : `${every} held-out pairs: the ${those} whose codes are stored with the model, and ${further} further pairings of held-out pictures, encoded for this map`;
}

/** Which pictures are on the map of a style: each once, however many pairs it is in. */
function countedPictures(pictures, title, pairs) {
  return `${pictures.toLocaleString("en")} held-out pictures of ${title}, each once: pairings share them. They are in ${pairs}`;
}

/** The first of each group of rows that are equal, in a table of so many columns. */
function firstOfEach(rows, size, n) {
  const seen = new Set();
  return Array.from({ length: n }, (_, i) => i).filter((i) => {
    const row = rows.subarray(i * size, (i + 1) * size).join();
    return !seen.has(row) && seen.add(row);
  });
}

class LatentMap {
  constructor(main) {
    Object.assign(this, { main, data: null });
    const option = ([value, text]) => element("option", { value }, text);
    const { words } = main.data;
    this.block = element("select", { "aria-label": "Which latent" }, Object.entries(words).map(([factor, word]) => option([factor, `${word.plain}, ${word.meaning}`])));
    this.kinds = [["principal", "principal axes"], ["strongest", "the two strongest directions"]];
    this.axes = element("select", { "aria-label": "Axes" }, this.kinds.map(option));
    this.colour = element("select", { "aria-label": "Colour of a point" });
    this.plane = new Plane({
      over: (pair) => this.#over(pair),
      click: (pair, place) => this.#click(pair, place),
      choose: (pairs) => this.chosen.choose(pairs),
    });
    this.tip = element("div", { class: "tip", hidden: true }, main.modalities.map(() => element("canvas")));
    this.tipText = element("span");
    this.tip.append(this.tipText);
    this.note = element("p", { class: "note", role: "status" });
    this.chosen = new Chosen(this);
    this.mine = small("Take the Z of the picture that you drew or uploaded", "Your picture", () => main.jump({ ...main.snapshot(), ...main.own }), { hidden: true });
    this.body = element("div", { class: "mapbody" }, [
      element("div", { class: "bar" }, [this.block, this.axes, this.colour, this.chosen.clear, this.mine]),
      element("div", { class: "planebox" }, [this.plane.plot, this.plane.ring, this.tip]),
      this.note,
      this.chosen.told,
    ]);
    this.box = element("details", { class: "map" }, [element("summary", {}, "Map of the latent space"), this.body]);
    this.hover = new Newest((i) => this.#tell(i), () => {});
    this.box.addEventListener("toggle", () => this.#opened());
    for (const one of [this.block, this.axes, this.colour]) one.addEventListener("change", () => this.#lay());
    this.plane.plot.addEventListener("keydown", (event) => this.#key(event));
  }

  #opened() {
    if (!this.box.open) return;
    if (this.data) return this.#lay();
    this.note.textContent = "The codes are being laid out \u2026";
    const { data, model } = this.main;
    if (data.maps[model.name]) this.take(data); // the page has sent it before
    else this.main.wantMap(model.name);
  }

  /** Forget the map, for another model is shown. */
  forget() {
    Object.assign(this, { data: null, map: null, given: null, asked: -1 });
    this.box.open = false;
    this.tip.hidden = true;
    this.mine.hidden = true;
    this.chosen.choose([]);
    this.plane.forget();
  }

  /** A map that was asked for has come. */
  async take({ maps, plotly }) {
    Object.assign(this.main.data, { maps, plotly });
    try {
      await this.give(maps[this.main.model.name]);
    } catch (error) {
      this.note.textContent = `The map could not be read: ${error.message ?? error}`;
    }
  }

  /** Take the map of the model on show: its description, and the file with the codes; one that failed is fetched again. */
  async give(map) {
    const given = map && JSON.stringify(map);
    if (!map) return;
    if (this.given === given) return void (await this.#lay()); // the star may be another
    this.given = given;
    let data;
    try {
      const { place } = this.main.decoder, [file, plotly] = await Promise.all([fetchPacked(place + map.file), loadPlotly(place + this.main.data.plotly)]);
      this.plotly = plotly;
      data = readSafetensors(file);
    } catch (error) {
      if (this.given === given) this.given = null;
      throw error;
    }
    if (this.given !== given) return; // another was given meanwhile, or another model is shown
    Object.assign(this, { map, data, found: new Map() });
    const kinds = map.umap ? [...this.kinds, ["umap", "UMAP"]] : this.kinds;
    this.axes.replaceChildren(...kinds.map(([value, text]) => element("option", { value }, text)));
    this.colour.replaceChildren(...[this.main.data.words.y.noun, ...map.colours].map((text, i) => element("option", { value: i - 1 }, this.#titled(text))));
    this.chosen.choose([]);
    await this.#lay();
  }

  #titled(text) {
    const [what, name] = text.split(", ");
    return name ? `${what}, ${this.main.data.titles[name] ?? name}` : what;
  }

  /** The pairs that have a point in the map of the block: all that are laid out or, of a style, one of those of each picture. */
  get drawn() {
    const factor = this.block.value, n = this.stored ? this.data[`umap.${factor}`].shape[0] : this.data.labels.data.length, key = `${factor} ${n}`;
    const found = () => (factor === "y" ? Array.from({ length: n }, (_, i) => i) : firstOfEach(this.data[factor].data, this.main.sizes[factor], n));
    if (!this.found.has(key)) this.found.set(key, found());
    return this.found.get(key);
  }
  /** What a point of the map is, one or several. */
  called(n) {
    const factor = this.block.value;
    return factor === "y" ? `pair${n === 1 ? "" : "s"}` : `picture${n === 1 ? "" : "s"} of ${this.main.data.titles[factor]}`;
  }
  /** The mean of the codes and the axes on show, with the title of each. */
  get cut() {
    const factor = this.block.value, { mean, axes, shares } = this.map.blocks[factor];
    if (this.axes.value === "principal") return { mean, axes, titles: shares.map((share, k) => `${ORDINALS[k]} principal component, ${(100 * share).toFixed(0)} % of the variance`) };
    const { vectors, names } = this.main.model.directions[factor];
    return { mean, axes: vectors.slice(0, 2), titles: [0, 1].map((i) => this.main.names[`${factor}-${i + 1}`] ?? names[i] ?? `direction ${i + 1}`) };
  }

  code(factor, i) {
    const size = this.main.sizes[factor];
    return this.data[factor].data.subarray(i * size, (i + 1) * size);
  }

  get stored() { return this.axes.value === "umap"; }

  /** Where a code lies in the stored layout. */
  laid(i) { return this.data[`umap.${this.block.value}`].data.subarray(2 * i, 2 * i + 2); }

  /** The pairs nearest by a distance, with weights that fall with it. */
  #blend(distance) {
    const near = this.drawn.map((i) => [i, distance(i)]).sort(([, a], [, b]) => a - b).slice(0, BLENDED);
    return nearness(near.map(([, far]) => far), 2).map((weight, k) => [near[k][0], weight]);
  }

  /** Where a block lies in the plane. */
  at(block) {
    if (this.stored) {
      const blend = this.#blend((i) => Math.hypot(...this.code(this.block.value, i).map((x, k) => x - block[k])));
      return [0, 1].map((k) => blend.reduce((sum, [i, weight]) => sum + weight * this.laid(i)[k], 0));
    }
    return this.cut.axes.map((axis) => dot(block, axis) - dot(this.cut.mean, axis));
  }

  /** Draw the points of the block, axes and colour that are chosen. */
  async #lay() {
    if (!this.box.open || !this.data) return;
    const factor = this.block.value, pairs = this.drawn, { own } = this.main;
    this.points = new Map(pairs.map((i) => [i, this.stored ? [...this.laid(i)] : this.at(this.code(factor, i))]));
    const points = [...this.points.values()];
    const ends = [0, 1].map((k) => {
      const [low, high] = [Math.min, Math.max].map((end) => points.reduce((found, point) => end(found, point[k]), points[0][k]));
      const margin = Math.max(0.08 * (high - low), 1e-3);
      return [low - margin, high + margin];
    });
    const means = factor === "y" ? this.main.model.means.map((mean, k) => ({ text: this.main.digits[k], at: this.at(mean) })) : [];
    const words = [...means, ...(own ? [{ text: "\u2605", at: this.at(own[factor]) }] : [])];
    this.mine.toggleAttribute("hidden", !own);
    this.tip.hidden = true;
    const told = this.stored
      ? "UMAP keeps neighbours together; its axes have no unit, the distances between groups mean nothing, and an empty place is decoded from the codes nearest to it"
      : "Both axes count in standard deviations of the prior, from the mean code; what they do not show stays as the sliders have it";
    const about = own ? "The star is your own picture." : "A picture that you draw or upload in Translate appears here as a star.";
    const all = countedPairs(this.map.codes, this.data.labels.data.length, this.stored);
    this.note.textContent = `${factor === "y" ? all : countedPictures(pairs.length, this.main.data.titles[factor], all)}. ${told}. Hover to see a pair; click to take its Z, or that of any empty place; draw around several. ${about}`;
    this.mark();
    await this.plane.draw(this.plotly, {
      traces: this.#traces(pairs), ends, words, titles: this.stored ? null : this.cut.titles, legend: this.colour.selectedOptions[0].textContent,
    });
  }

  /** The points as plotly's traces: one a digit, or one whose colours are a scale. */
  #traces(pairs) {
    const style = getComputedStyle(this.main.root), row = Number(this.colour.value);
    const trace = (name, some, marker) => ({
      type: "scattergl", mode: "markers", name, customdata: some, hoverinfo: "none", marker: { size: 4.5, ...marker },
      x: some.map((i) => this.points.get(i)[0]), y: some.map((i) => this.points.get(i)[1]),
      selected: { marker: { opacity: 1 } }, unselected: { marker: { opacity: 0.1 } },
    });
    if (row < 0) {
      const labels = this.data.labels.data, tone = (k) => plainColour(`oklch(${k % 2 ? 0.56 : 0.7} 0.17 ${36 * k + 15})`); // told apart on light and dark
      return this.main.digits.map((digit, k) => trace(digit, pairs.filter((i) => labels[i] === k), { color: tone(k) }));
    }
    const n = this.data.labels.data.length, values = pairs.map((i) => this.data.colours.data[row * n + i]), sorted = [...values].sort((a, b) => a - b);
    const [cmin, cmax] = [0.02, 0.98].map((share) => sorted[Math.floor(share * pairs.length)]);
    const colorscale = ["--st-blue-color", "--st-orange-color"].map((name, end) => [end, plainColour(style.getPropertyValue(name))]);
    const colorbar = { orientation: "h", thickness: 12, len: 0.6, y: this.stored ? -0.02 : -0.14, yanchor: "top", title: { text: this.colour.selectedOptions[0].textContent, side: "top" } };
    return [trace("", pairs, { color: values, cmin, cmax, colorscale, colorbar, showscale: true })];
  }

  /** Move the ring to where Z is, and draw anew where the colours of the page are other ones. */
  mark() {
    if (!this.box.open || !this.data) return;
    this.plane.mark(this.at(this.main.z[this.block.value]));
    if (this.plane.ink && this.plane.ink !== getComputedStyle(this.plane.plot).color) this.#lay();
  }

  /** The pointer is over a pair, or over none. */
  #over(i) {
    this.asked = i;
    if (i < 0) {
      this.tip.hidden = true;
      return;
    }
    const [x, y] = this.plane.pixel(this.points.get(i));
    Object.assign(this.tip.style, { left: `${Math.max(Math.min(x + 14, this.plane.plot.clientWidth - 150), 0)}px`, top: `${Math.max(y - 92, 0)}px` });
    this.hover.ask(i);
  }

  async #tell(i) {
    const z = Object.fromEntries(Object.keys(this.main.sizes).map((factor) => [factor, this.code(factor, i)]));
    const pixels = await this.main.decodeOne(z), { shapes } = this.main.model.model;
    if (this.asked !== i) return;
    [...this.tip.querySelectorAll("canvas")].forEach((canvas, place) => put(canvas, pixels[this.main.modalities[place]], shapes[this.main.modalities[place]]));
    this.tipText.textContent = `pair ${i}: a ${this.data.labels.data[i]}`;
    this.tip.hidden = false;
  }

  #click(i, place) {
    const factor = this.block.value;
    this.main.jump({ ...this.main.snapshot(), [factor]: i < 0 ? this.#moved(place) : settled(this.code(factor, i)) });
    this.main.rest(factor);
  }

  #key(event) {
    if (!this.data) return;
    const zoom = { "+": 0.8, "=": 0.8, "-": 1.25, 0: null }[event.key];
    const step = { ArrowLeft: [-STEP, 0], ArrowRight: [STEP, 0], ArrowUp: [0, STEP], ArrowDown: [0, -STEP] }[event.key];
    if (zoom === undefined && !step) return;
    event.preventDefault();
    if (!step) return this.plane.zoom(zoom);
    if (!event.repeat) this.main.begin();
    const here = this.at(this.main.z[this.block.value]);
    this.main.take({ ...this.main.snapshot(), [this.block.value]: this.#moved(here.map((x, k) => x + step[k])) });
  }

  /** Z of the block on show, moved within the plane; what the plane does not show stays. */
  #moved(place) {
    if (this.stored) {
      const blend = this.#blend((i) => Math.hypot(this.laid(i)[0] - place[0], this.laid(i)[1] - place[1]));
      return settled(this.main.z[this.block.value].map((_, k) => blend.reduce((sum, [i, weight]) => sum + weight * this.code(this.block.value, i)[k], 0)));
    }
    const { axes, mean } = this.cut;
    return settled(axes.reduce((block, axis, k) => moved(block, axis, place[k] + dot(mean, axis)), this.main.z[this.block.value]));
  }
}
