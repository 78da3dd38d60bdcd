// A map of held-out pairs by one block of Z: hover decodes a pair, a click sets the sliders there, a lasso tells of many.
const NEAR = 9; // pixels
const TONES = 32;
const BLENDED = 6; // codes that an empty place of the UMAP layout is decoded from

class LatentMap {
  constructor(main) {
    Object.assign(this, { main, data: null });
    const option = ([value, text]) => element("option", { value }, text);
    const { words } = main.data;
    this.block = element("select", { "aria-label": "Which latent" }, Object.entries(words).map(([factor, word]) => option([factor, `${word.plain}, ${word.meaning}`])));
    this.kinds = [["principal", "principal axes"], ["strongest", "the two strongest directions"]];
    this.axes = element("select", { "aria-label": "Axes" }, this.kinds.map(option));
    this.colour = element("select", { "aria-label": "Colour of a point" });
    this.canvas = element("canvas", { class: "plane", tabindex: 0, role: "application" });
    this.canvas.setAttribute("aria-label", "Map of held-out pairs. Arrow keys move Z in this plane.");
    this.tip = element("div", { class: "tip", hidden: true }, main.modalities.map(() => element("canvas")));
    this.tipText = element("span");
    this.tip.append(this.tipText);
    this.key = element("div", { class: "key", role: "img" });
    this.note = element("p", { class: "note", role: "status" });
    this.lasso = new Lasso(this);
    this.mine = small("Take the Z of the digit that you drew or uploaded", "Your digit", () => main.jump({ ...main.snapshot(), ...main.own }), { hidden: true });
    this.body = element("div", { class: "mapbody" }, [
      element("div", { class: "bar" }, [this.block, this.axes, this.colour, this.lasso.button, this.lasso.clear, this.mine]),
      element("div", { class: "planebox" }, [this.canvas, this.tip]),
      this.key,
      this.note,
      this.lasso.told,
    ]);
    this.box = element("details", { class: "map" }, [element("summary", {}, "Map of the latent space"), this.body]);
    this.hover = new Newest((i) => this.#tell(i), () => {});
    this.box.addEventListener("toggle", () => this.#opened());
    for (const one of [this.block, this.axes, this.colour]) one.addEventListener("change", () => this.#lay());
    this.canvas.addEventListener("pointermove", (event) => this.#over(event));
    this.canvas.addEventListener("pointerleave", () => { this.tip.hidden = true; });
    this.canvas.addEventListener("click", (event) => this.#click(event));
    this.canvas.addEventListener("keydown", (event) => this.#key(event));
  }

  #opened() {
    if (!this.box.open) return;
    if (this.data) return this.draw();
    this.note.textContent = "The codes are being laid out \u2026";
    const { data, model } = this.main;
    if (data.maps[model.name]) this.main.giveMaps(data.maps); // the page has sent it before
    else this.main.wantMap(model.name);
  }

  /** Forget the map, for another model is shown. */
  forget() {
    Object.assign(this, { data: null, map: null, given: null });
    this.box.open = false;
  }

  /** Take the map of the model on show: its description, and the file with the codes; one that failed is fetched again. */
  async give(map) {
    const given = map && JSON.stringify(map);
    if (!map || this.given === given) return;
    this.given = given;
    let data;
    try {
      data = readSafetensors(await fetchWeights(this.main.decoder.place + map.file));
    } catch (error) {
      if (this.given === given) this.given = null;
      throw error;
    }
    if (this.given !== given) return; // another was given meanwhile, or another model is shown
    Object.assign(this, { map, data });
    const kinds = map.umap ? [...this.kinds, ["umap", "UMAP"]] : this.kinds;
    this.axes.replaceChildren(...kinds.map(([value, text]) => element("option", { value }, text)));
    this.colour.replaceChildren(...["digit", ...map.colours].map((text, i) => element("option", { value: i - 1 }, this.#titled(text))));
    this.#lay();
    this.lasso.choose([]);
  }

  #titled(text) {
    const [what, name] = text.split(", ");
    return name ? `${what}, ${this.main.data.titles[name] ?? name}` : what;
  }

  get n() { return this.data.labels.data.length; }
  /** The mean of the codes and the axes on show, with the title of each. */
  get plane() {
    const factor = this.block.value, { mean, axes, shares } = this.map.blocks[factor];
    if (this.axes.value === "principal") return { mean, axes, titles: shares.map((share) => `${(100 * share).toFixed(0)} % of the variance`) };
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
    const far = Array.from({ length: this.n }, (_, i) => distance(i));
    const near = far.map((_, i) => i).sort((a, b) => far[a] - far[b]).slice(0, BLENDED);
    return nearness(near.map((i) => far[i]), 2).map((weight, k) => [near[k], weight]);
  }

  /** Where a block lies in the plane. */
  at(block) {
    if (this.stored) {
      const blend = this.#blend((i) => Math.hypot(...this.code(this.block.value, i).map((x, k) => x - block[k])));
      return [0, 1].map((k) => blend.reduce((sum, [i, weight]) => sum + weight * this.laid(i)[k], 0));
    }
    return this.plane.axes.map((axis) => dot(block, axis) - dot(this.plane.mean, axis));
  }

  #lay() {
    const factor = this.block.value;
    this.points = Array.from({ length: this.n }, (_, i) => (this.stored ? [...this.laid(i)] : this.at(this.code(factor, i))));
    this.marks = factor === "y" ? this.main.model.means.map((mean) => this.at(mean)) : [];
    const ends = [0, 1].map((k) => [Math.min, Math.max].map((end) => this.points.reduce((found, point) => end(found, point[k]), this.points[0][k])));
    this.middle = ends.map(([low, high]) => (low + high) / 2);
    this.reach = ends.map(([low, high]) => Math.max(0.58 * (high - low), 1e-3)); // from the middle, with a margin
    const row = Number(this.colour.value), labels = this.data.labels.data;
    if (row < 0) {
      this.tones = Array.from(labels, (digit) => digit);
      this.#tellKey(this.main.digits);
    } else {
      const values = this.data.colours.data.subarray(row * this.n, (row + 1) * this.n), sorted = [...values].sort((a, b) => a - b);
      const low = sorted[Math.floor(0.02 * this.n)], high = sorted[Math.floor(0.98 * this.n)];
      this.tones = Array.from(values, (x) => Math.round((TONES - 1) * Math.min(Math.max((x - low) / (high - low || 1), 0), 1)));
      this.#tellKey([low, high].map((x) => x.toPrecision(2)));
    }
    const [right, up] = this.plane.titles;
    const told = this.stored
      ? "UMAP keeps neighbours together; its axes and the distances between groups mean nothing, and an empty place is decoded from the codes nearest to it"
      : `To the right: ${right}; upwards: ${up}`;
    this.tip.hidden = true;
    this.note.textContent = `${this.n.toLocaleString("en")} held-out pairs. ${told}. Hover to see a pair; click to take its Z, or that of any empty place; draw around several.${this.main.own ? " The star is your own digit." : " A digit that you draw or upload in Translate appears here as a star."}`;
    this.draw();
  }

  /** What the colours stand for: each digit, or the two ends of a scale. */
  #tellKey(texts) {
    const colours = this.#palette(), swatch = (background, more = "") => element("i", { class: more, style: `background: ${background}` });
    const digits = texts.length > 2, title = this.colour.selectedOptions[0].textContent;
    const scale = () => [`${texts[0]} or less`, swatch(`linear-gradient(to right, ${colours[0]}, ${colours.at(-1)})`, "scale"), `${texts[1]} or more`];
    this.key.replaceChildren(`${title}:`, ...(digits ? texts.map((text, k) => element("span", {}, [swatch(colours[k]), text])) : [element("span", {}, scale())]));
    this.key.setAttribute("aria-label", `Colours: ${title}, ${digits ? texts.join(", ") : `from ${texts[0]} to ${texts[1]}`}`);
  }

  #palette() {
    const style = getComputedStyle(this.main.root);
    if (Number(this.colour.value) < 0) return this.main.digits.map((_, k) => `oklch(${k % 2 ? 0.56 : 0.7} 0.17 ${36 * k + 15})`); // told apart on light and dark
    const [low, high] = ["--st-blue-color", "--st-orange-color"].map((name) => style.getPropertyValue(name).trim());
    return Array.from({ length: TONES }, (_, i) => `color-mix(in oklab, ${high} ${(100 * i) / (TONES - 1)}%, ${low})`);
  }

  #scale(width, height) { return Math.min(width / 2 / this.reach[0], height / 2 / this.reach[1]); }

  /** Plane to pixels, as a function, for the canvas is measured once for all points. */
  projection() {
    const { clientWidth: width, clientHeight: height } = this.canvas, scale = this.#scale(width, height), [left, low] = this.middle;
    return ([x, y]) => [width / 2 + (x - left) * scale, height / 2 - (y - low) * scale];
  }

  pixel(point) { return this.projection()(point); }

  /** All points on a canvas of their own, painted again only when they, their colours or the size are other ones. */
  #ground(dense) {
    const { clientWidth, clientHeight } = this.canvas, colours = this.#palette(), state = [clientWidth, clientHeight, dense, ...colours].join();
    if (this.painted?.points === this.points && this.painted.tones === this.tones && this.painted.state === state) return this.painted.canvas;
    const canvas = element("canvas", { width: clientWidth * dense, height: clientHeight * dense });
    const context = canvas.getContext("2d"), pixel = this.projection();
    context.scale(dense, dense);
    this.points.forEach((point, i) => {
      const [x, y] = pixel(point);
      context.fillStyle = colours[this.tones[i]];
      context.fillRect(x - 1.75, y - 1.75, 3.5, 3.5);
    });
    this.painted = { points: this.points, tones: this.tones, state, canvas };
    return canvas;
  }

  #place(event) {
    const { left, top, width, height } = this.canvas.getBoundingClientRect(), scale = this.#scale(width, height);
    return [this.middle[0] + (event.clientX - left - width / 2) / scale, this.middle[1] - (event.clientY - top - height / 2) / scale];
  }

  draw() {
    if (!this.box.open || !this.data) return;
    const { canvas } = this, dense = window.devicePixelRatio || 1, style = getComputedStyle(this.main.root);
    Object.assign(canvas, { width: canvas.clientWidth * dense, height: canvas.clientHeight * dense });
    const context = canvas.getContext("2d");
    context.drawImage(this.#ground(dense), 0, 0);
    context.scale(dense, dense);
    context.fillStyle = context.strokeStyle = style.color;
    context.font = `700 17px ${style.fontFamily}`;
    context.textAlign = "center";
    context.lineWidth = 4;
    context.strokeStyle = style.getPropertyValue("--st-background-color");
    this.marks.forEach((mark, k) => {
      const [x, y] = this.pixel(mark);
      context.strokeText(this.main.digits[k], x, y + 6);
      context.fillText(this.main.digits[k], x, y + 6);
    });
    this.lasso.paint(context, style.color);
    const { own } = this.main;
    this.mine.toggleAttribute("hidden", !own);
    if (own) {
      const [x, y] = this.pixel(this.at(own[this.block.value]));
      context.strokeText("\u2605", x, y + 7);
      context.fillText("\u2605", x, y + 7);
    }
    const [x, y] = this.pixel(this.at(this.main.z[this.block.value]));
    context.strokeStyle = style.color;
    context.lineWidth = 2.5;
    context.beginPath();
    context.arc(x, y, 9, 0, 2 * Math.PI);
    context.stroke();
  }

  #nearest(event) {
    const box = this.canvas.getBoundingClientRect(), x = event.clientX - box.left, y = event.clientY - box.top;
    const pixel = this.projection();
    let found = -1, least = NEAR ** 2;
    this.points.forEach((point, i) => {
      const [px, py] = pixel(point), far = (px - x) ** 2 + (py - y) ** 2;
      if (far < least) [found, least] = [i, far];
    });
    return found;
  }

  #over(event) {
    if (!this.data || this.lasso.drawing) return;
    const i = this.#nearest(event);
    if (i < 0) {
      this.tip.hidden = true;
      this.asked = -1;
      return;
    }
    const [x, y] = this.pixel(this.points[i]);
    Object.assign(this.tip.style, { left: `${Math.min(x + 14, this.canvas.clientWidth - 150)}px`, top: `${Math.max(y - 92, 0)}px` });
    if (i !== this.asked) this.hover.ask(i);
    this.asked = i;
  }

  async #tell(i) {
    const z = Object.fromEntries(Object.keys(this.main.sizes).map((factor) => [factor, this.code(factor, i)]));
    const pixels = await this.main.decodeOne(z), { shapes } = this.main.model.model;
    if (this.asked !== i) return;
    [...this.tip.querySelectorAll("canvas")].forEach((canvas, place) => put(canvas, pixels[this.main.modalities[place]], shapes[this.main.modalities[place]]));
    this.tipText.textContent = `pair ${i}: a ${this.data.labels.data[i]}`;
    this.tip.hidden = false;
  }

  #click(event) {
    if (!this.data || this.lasso.over) return;
    const factor = this.block.value, i = this.#nearest(event);
    this.main.jump({ ...this.main.snapshot(), [factor]: i < 0 ? this.#moved(this.#place(event)) : settled(this.code(factor, i)) });
  }

  #key(event) {
    const step = { ArrowLeft: [-0.15, 0], ArrowRight: [0.15, 0], ArrowUp: [0, 0.15], ArrowDown: [0, -0.15] }[event.key];
    if (!step || !this.data) return;
    event.preventDefault();
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
    const { axes, mean } = this.plane;
    return settled(axes.reduce((block, axis, k) => moved(block, axis, place[k] + dot(mean, axis)), this.main.z[this.block.value]));
  }
}
