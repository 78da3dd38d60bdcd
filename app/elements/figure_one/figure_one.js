// Figure 1 with the model in it: a wheel and a slider a style move Z; the pictures and every node follow, in this browser.
const JUDGED_EVERY = 120; // milliseconds
const alive = new WeakMap();
let left = null; // Z as it was left for another page, and of which content

/** The address of another page of the app, of parts of its link; a page that embeds the app goes on doing so. */
function pageAddress({ place, folder, params }) {
  const address = new URL(place + folder, location.href);
  for (const [name, value] of new URL(location.href).searchParams) if (name.startsWith("embed")) address.searchParams.append(name, value);
  for (const [name, value] of Object.entries(params)) address.searchParams.set(name, value);
  return address.href;
}

class FigureOne {
  constructor(root, data, unable) {
    Object.assign(this, { root, data, unable });
    this.model = data.models[0];
    this.modalities = Object.keys(this.model.model.shapes);
    this.digits = Array.from({ length: this.model.model.label.size }, (_, k) => String(k));
    performance.mark("mfm-element");
    this.decoder = new Decoder(WORKER, data.place);
    this.decoder.load(this.model); // first of all, for it takes longest
    this.dirty = new Set(this.modalities);
    this.unread = new Set(this.modalities);
    const pairs = this.model.pairs.map(settledAll), { sizes } = this.model.model;
    const asked = new URL(location.href).searchParams.get("z"), given = asked ? fromLetters(asked, sizes) : null;
    this.z = left?.content === data.content ? left.z : given ?? pairs[0];
    this.pair = Math.max(pairs.findIndex((pair) => alike(this.z, pair)), 0);
    this.held = {};
    this.send = (to) => {
      const { folder, params, z } = data.targets[to];
      goTo(pageAddress({ place: data.root, folder, params: { ...params, ...(z ? { z: toLetters(this.z, sizes) } : {}) } }));
    };
    const turn = () => root.toggleAttribute("data-busy", Boolean(this.kept?.busy || this.live?.busy || this.judge?.busy));
    this.kept = new KeptAddress(root, { parts: () => this.link(), turn });
    this.live = new Newest(() => this.#decode(), turn);
    this.judge = new Newest(() => this.#judge(), turn, JUDGED_EVERY);
    this.#build();
    const canvases = (name) => [this.stage.find((one) => one.name === name).canvas, this.graph.canvases[name]];
    if (alike(this.z, settledAll(this.model.pairs[0]))) showStored(this.model.tiles, canvases, () => this.held.pixels);
    if (asked && !given) this.said.replaceChildren("The link's sliders could not be read; the first pair is shown.");
    this.#load();
    this.kept.written();
  }

  #build() {
    const { titles, words, nodes } = this.data, { means } = this.model;
    this.stage = pictured(this.modalities, titles);
    for (const one of this.stage) one.read.textContent = "loading \u2026";
    this.wheel = means.length ? new Wheel(means, this.digits, words.y, (block) => this.#set("y", block), () => this.#begin("y")) : null;
    this.sliders = this.modalities.map((name, i) => this.#slider(name, `a${i}`, words[name].meaning));
    if (!this.wheel) this.sliders.unshift(this.#slider("y", "y", words.y.meaning));
    this.said = element("p", { class: "said", role: "status" }, rich(this.data.hint));
    const tools = element("div", { class: "bar" }, [
      small("Another real pair, held out from training, as the model rebuilds it", "Another pair", () => this.#nextPair()),
      small("All sliders, on the page Generate", "All sliders", () => this.send("slide"), { class: "go" }),
    ]);
    const wheel = this.wheel ? [element("div", { class: "wheelbox y" }, [this.wheel.svg])] : [];
    this.graph = new Graph(this.modalities, nodes, { look: (id) => this.#look(id), go: (id) => this.send(id) });
    this.panel = new Panel(nodes, this.digits, (id) => this.send(id));
    const play = element("section", { class: "play", "aria-label": "A pair, live" }, [
      element("div", { class: "pictures" }, this.stage.map((one) => one.box)),
      element("div", { class: "hands" }, [...wheel, element("div", { class: "sliders" }, this.sliders.map((one) => one.box))]),
      this.said,
      tools,
    ]);
    this.root.replaceChildren(element("div", { class: "page" }, [play, element("section", { class: "figure" }, [this.graph.svg, this.panel.box])]));
    this.#showSliders();
    this.wheel?.follow(this.z.y);
    this.graph.look("z.y");
  }

  /** The slider of one block of Z: the strongest of its directions that has a name, else the strongest. */
  #slider(factor, hue, meaning) {
    const { vectors, names } = this.model.directions[factor], named = names.findIndex(Boolean), at = Math.max(named, 0);
    const vector = vectors[at], about = named < 0 ? "direction 1" : names[at];
    const input = element("input", { type: "range", min: -REACH, max: REACH, step: 0.05, "aria-label": `${meaning}: ${about}` });
    const output = element("output", {}, "0");
    const label = element("span", {}, [element("b", {}, meaning), `: ${about}`]);
    const box = element("label", { class: `slider ${hue}` }, [label, output, input]);
    input.addEventListener("pointerdown", () => this.#begin(factor));
    input.addEventListener("keydown", (event) => { if (!event.repeat && /^(Arrow|Page|Home|End)/.test(event.key)) this.#begin(factor); });
    input.addEventListener("input", () => this.#set(factor, moved(this.z[factor], vector, Number(input.value))));
    return { factor, vector, meaning, input, output, box };
  }

  #showSliders() {
    for (const { factor, vector, input, output } of this.sliders) {
      const at = dot(this.z[factor], vector);
      setThumb(input, at);
      output.textContent = rounded(at);
    }
  }

  /** The visitor takes hold of something. */
  #begin(factor) {
    this.root.classList.add("touched");
    this.before = { factor, digit: this.digit };
  }

  #set(factor, block) {
    this.z = { ...this.z, [factor]: settled(block) };
    for (const name of factor === "y" ? this.modalities : [factor]) this.dirty.add(name);
    this.moved = factor;
    this.graph.reach(factor);
    this.graph.look(`z.${factor}`);
    this.#showSliders();
    if (factor === "y") this.wheel?.follow(this.z.y);
    this.live.ask({});
    this.kept.written();
  }

  #nextPair() {
    this.pair = (this.pair + 1) % this.model.pairs.length;
    this.z = settledAll(this.model.pairs[this.pair]);
    this.dirty = new Set(this.modalities);
    Object.assign(this, { moved: null, before: null });
    this.#showSliders();
    this.wheel?.follow(this.z.y);
    this.live.ask({});
    this.kept.written();
  }

  async #load() {
    this.root.dataset.pending = this.data.version;
    const { live, side } = this.decoder.load(this.model);
    try {
      await Promise.all([live, side]);
    } catch (error) {
      this.unable(String(error.message ?? error));
      return;
    }
    this.live.ask({});
    this.decoder.loadJudges(this.model).then(() => this.#read(this.modalities), () => {});
  }

  async #decode() {
    const names = [...this.dirty];
    this.dirty.clear();
    if (!names.length) return;
    const z = { y: this.z.y, a: Object.fromEntries(names.map((name) => [name, this.z[name]])) };
    const { label, pixels, factors } = await this.decoder.decode(this.model, z);
    const { shapes, label: { kind } } = this.model.model;
    this.held = { ...this.held, factors: { ...this.held.factors, ...factors }, pixels: { ...this.held.pixels, ...pixels }, label: kind === "classes" ? softmax(label) : [...label] };
    const top = best(this.held.label);
    this.digit = this.digits[top];
    for (const { name, canvas } of this.stage) {
      if (!pixels[name]) continue;
      put(canvas, pixels[name], shapes[name]);
      put(this.graph.canvases[name], pixels[name], shapes[name]);
      canvas.setAttribute("aria-label", `${this.data.titles[name]}, generated; the label head says ${this.digit}`);
    }
    this.graph.say(this.digit);
    this.wheel?.say(top, percent(this.held.label[top]));
    this.#look(this.panel.id);
    this.#say();
    this.root.dataset.frame = Number(this.root.dataset.frame ?? 0) + 1;
    if (this.root.dataset.pending) {
      performance.mark("mfm-live-picture");
      for (const { read } of this.stage) read.textContent = "\u00a0"; // until a judge has read
      this.root.dataset.ready = this.data.version;
      delete this.root.dataset.pending;
    }
    this.#read(names);
  }

  /** One sentence about what the last touch changed and what it left alone. */
  #say() {
    if (!this.moved) return;
    const { titles, words } = this.data, was = this.before?.digit ?? this.digit, bold = (text) => element("b", {}, rich(text));
    const others = this.modalities.filter((name) => name !== this.moved).map((name) => titles[name]).join(" and ");
    const digit = was === this.digit ? ["still ", bold(this.digit)] : ["now ", bold(this.digit), `, it was ${was}`];
    const style = this.modalities.length > 1 ? `Only ${titles[this.moved]} changed, ${others} did not. ` : "";
    const what = this.moved === "y" ? [bold(`You moved Z_y, ${words.y.meaning}.`), " No Z_a moved: the styles stay."] : [bold(`You moved the ${words[this.moved].meaning}.`), ` ${style}`];
    this.said.replaceChildren(...what.flatMap((part) => (typeof part === "string" ? rich(part) : part)), " The label head says ", ...digit, ".");
  }

  #read(names) {
    for (const name of names) this.unread.add(name);
    this.judge.ask({});
  }

  async #judge() {
    const names = [...this.unread];
    this.unread.clear();
    if (!names.length) return;
    const z = { y: this.z.y, a: Object.fromEntries(names.map((name) => [name, this.z[name]])) };
    const { read } = await this.decoder.back.ask("decode", { key: this.model.key, n: 1, z, read: true });
    for (const [name, logits] of Object.entries(read)) showJudged(this.stage.find((one) => one.name === name), softmax(logits), this.digits);
  }

  /** Tell of a node, with what it holds now. */
  #look(id) {
    this.panel.tell(id, this.#holds(id));
  }

  #holds(id) {
    const [column, name] = id.split("."), { pixels, factors, label } = this.held, { shapes } = this.model.model;
    const size = (numbers) => `shape (1, ${numbers.length}), now ${rounded(Math.min(...numbers))} to ${rounded(Math.max(...numbers))}`;
    if (column === "x") return { text: `shape (1, ${shapes[name].join(", ")}), in [0, 1]. ${this.data.originals}` };
    if (column === "z") return { text: size(this.z[name]), numbers: [...this.z[name]] };
    if (!label) return null;
    if (column === "f") return factors[name] && { text: size(factors[name]), numbers: [...factors[name]] };
    if (name === "y") return { text: `shape (1, ${label.length}), now ${percent(Math.max(...label))} % on ${this.digit}`, label };
    return { text: `shape (1, ${shapes[name].join(", ")}), in [0, 1]`, pixels: pixels[name], shape: shapes[name] };
  }

  /** The parts of the link: Z, unless it is that of the first pair. */
  link() {
    const still = alike(this.z, settledAll(this.model.pairs[0]));
    return { z: still ? "" : toLetters(this.z, this.model.model.sizes) };
  }

  stop() {
    this.kept.stop();
    left = { content: this.data.content, z: this.z };
    this.decoder.stop();
  }
}

export default function (component) {
  const { parentElement } = component, data = given(component);
  const root = parentElement.querySelector(".root");
  if (alive.get(root)?.data.version === data.version) return;
  alive.get(root)?.stop();
  const unable = (reason) => {
    root.replaceChildren(element("p", { class: "note", role: "status" }, `This browser cannot decode here (${reason}); on the page Generate the server does.`));
    delete root.dataset.pending;
  };
  if (typeof Worker === "undefined") {
    unable("it has no workers");
    return;
  }
  try {
    alive.set(root, new FigureOne(root, data, unable));
  } catch (error) {
    unable(String(error.message ?? error));
    return;
  }
  return () => setTimeout(() => { if (!root.isConnected) alive.get(root)?.stop(); }, 0);
}
