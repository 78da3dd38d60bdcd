// Every slider live: MFM's generative half runs in workers of this page, and the server hears nothing of it.
const LAST = 100;
const JUDGED_EVERY = 80; // milliseconds; a judge costs as much as three pictures, and the pictures come first
const UNITS = "Values are in standard deviations of the prior N(0, I); a value beyond \u00b13.5 stands beside a slider that ends there. r is the correlation of a slider with the measured property that it is named after.";
const STRIP_EVERY = 40; // milliseconds between two strips of ten digits, for the pair that is moved comes first
const shown = new WeakMap();
let left = null; // the state in which the sliders were left for another page, and the link they had been opened with

class Sliders {
  constructor(root, data, unable, wantMap) {
    Object.assign(this, { root, data, unable, wantMap, version: data.version, past: [], counts: [], laid: 0, counting: 0 });
    performance.mark("mfm-element");
    this.decoder = new Decoder(WORKER, data.place);
    const asked = data.models.find((one) => one.name === data.link.model) ?? data.models[0];
    this.decoder.load(asked); // first of all, for it takes longest
    this.mine = new Map(); // of each model: Z, the Z it was opened with, locks, and what the visitor calls its directions
    Object.assign(this, { dirty: new Set(), stale: new Set(), unread: new Set() }); // pictures to decode, rows, pictures to judge
    const turn = () => root.toggleAttribute("data-busy", this.counting > 0 || this.kept?.busy || [this.live, this.strip, this.judge].some((queue) => queue?.busy));
    this.turn = turn;
    this.kept = new KeptAddress(root, { parts: () => this.link(), turn, paused: () => this.tools.playing });
    this.live = new Newest(() => this.#decode(), turn);
    this.strip = new Newest(() => this.#decodeStrip(), turn, STRIP_EVERY);
    this.judge = new Newest((what) => this.#judge(what), turn, JUDGED_EVERY);
    this.#build(data.models[0]);
    this.open(left && left.opened === JSON.stringify(data.link) ? left.now : data.link);
  }

  get sizes() { return this.model.model.sizes; }
  get digits() { return Array.from({ length: this.model.model.label.size }, (_, k) => String(k)); }

  /** The page's elements; those that depend on the model are laid out again when it changes. */
  #build(model) {
    this.model = model;
    this.modalities = Object.keys(model.model.shapes);
    const { titles, words } = this.data;
    this.stage = new Stage(this.modalities, titles, this.digits);
    this.row = model.means.length ? new Strip(this.modalities, titles, this.digits, words.y.noun, (k) => this.#pick(k)) : null;
    const to = {
      begin: () => this.begin(),
      slide: (factor, row, wanted) => this.slide(factor, row, wanted),
      rest: (factor) => this.rest(factor),
      lock: (id) => this.#lock(id),
      rename: (id, name) => this.#rename(id, name),
      draw: (factor) => this.draw(factor),
      reset: (factor, id) => this.reset(factor, id),
    };
    this.groups = ["y", ...this.modalities].map((factor, i) => new Group(factor, i ? `a${i - 1}` : "y", words[factor], to));
    this.wheel = model.means.length ? new Wheel(model.means, this.digits, words.y, (block) => this.#set("y", block), () => this.begin()) : null;
    this.wheelBox = element("div", { class: "wheelbox y" }, this.wheel ? [this.wheel.svg] : []);
    this.tools = new Tools(this);
    this.map = model.means.length ? new LatentMap(this) : null;
    const styles = this.row ? small(`Draw nine further styles and show each with every ${words.y.noun}`, "Ten styles", () => this.#tenStyles()) : null;
    const stripTitle = element("div", { class: "title" }, [element("h3", {}, `The same style in every ${words.y.noun}`), ...(styles ? [styles] : [])]);
    const page = element("div", { class: "page" }, [
      this.#switch(),
      element("div", { class: "top" }, [this.wheelBox, this.stage.box]),
      element("div", { class: "groups" }, this.groups.map((group) => group.box)),
      element("p", { class: "units" }, UNITS),
      ...(this.row ? [element("section", { class: "styles" }, [stripTitle, this.row.box])] : []),
      this.tools.box,
      ...(this.map ? [this.map.box] : []),
    ]);
    this.root.replaceChildren(page);
    this.root.onkeydown = (event) => {
      if ((event.ctrlKey || event.metaKey) && event.key === "z" && event.target.type !== "text") {
        event.preventDefault();
        this.undo();
      }
    };
  }

  #switch() {
    const { models } = this.data;
    const buttons = (models.length > 1 ? models : []).map((model) => {
      const button = small(`${model.title}: ${model.note}`, model.title, () => this.#choose(model), { "aria-pressed": "false" });
      button.dataset.key = model.key;
      return button;
    });
    this.note = element("p", { class: "note" });
    return element("div", { class: "models", role: "group", "aria-label": "Model" }, [...buttons, this.note]);
  }

  #choose(model) {
    if (model === this.model) return;
    this.#lay(model);
    this.written();
  }

  /** Show another model, at the Z it was left at. What was made by the one before is taken away; none of it is of this one. */
  #lay(model) {
    const same = model.means.length > 0 === this.model.means.length > 0, laid = ++this.laid;
    this.model = model;
    if (!same) this.#build(model);
    if (this.wheel) this.wheel.means = model.means;
    Object.assign(this, { past: [], counts: [], styles: null });
    this.unread.clear();
    for (const part of [this.stage, this.row, this.wheel, this.tools, this.map]) part?.forget();
    const first = settledAll(model.pairs[0]), canvas = (name) => [this.stage.pictures.find((one) => one.name === name).canvas];
    if (!this.mine.has(model.key)) this.mine.set(model.key, { z: first, base: first, pair: 0, locks: new Set(), names: {} });
    showStored(model.tiles, canvas, () => laid !== this.laid || this.works === model || !alike(this.z, first));
    for (const button of this.root.querySelectorAll(".models button")) button.setAttribute("aria-pressed", String(button.dataset.key === model.key));
    this.note.replaceChildren(...rich(model.note));
    this.setRaw(this.tools.raw.checked);
    this.#count();
    this.#load();
  }

  /** Open a link's state, which the page has checked: {z, model, locks, names}; what it does not say starts at the first pair. */
  open({ z, model, locks, names }) {
    const chosen = this.data.models.find((one) => one.name === model) ?? this.data.models[0];
    const locked = locks ? locks.split(".") : [], given = z ? fromLetters(z, chosen.model.sizes) : null;
    this.tools.raw.checked = locked.some((id) => id.includes("-raw"));
    this.mine.delete(chosen.key);
    this.#lay(chosen);
    const rows = new Set(this.groups.flatMap((group) => group.rows.map((row) => row.id)));
    Object.assign(this.mine.get(chosen.key), { locks: new Set(locked.filter((id) => rows.has(id))), names: namesFromText(names) });
    this.#showAll();
    if (given) this.take(given);
  }

  async #load() {
    const { model, laid } = this;
    this.root.dataset.pending = this.version;
    const { live, side } = this.decoder.load(model);
    try {
      this.root.dataset.simd = (await live).simd;
      await side;
    } catch (error) {
      const reason = String(error.message ?? error);
      if (!this.works) return this.unable(reason);
      if (laid !== this.laid) return;
      this.#lay(this.works);
      this.written();
      this.tools.say(`${model.title} could not be loaded (${reason}); ${this.works.title} is shown.`, true);
      return;
    }
    if (laid !== this.laid) return;
    this.works = model;
    for (const name of this.modalities) this.dirty.add(name);
    this.live.ask({});
    this.#askStrip(this.modalities);
    this.decoder.loadJudges(model).then(() => {
      if (laid === this.laid) this.#askJudges(this.modalities);
      for (const other of this.data.models) if (other !== model) this.decoder.prefetch(other);
    }, () => {});
  }

  /** Z of the visitor's own picture, if there is one of the model on show. */
  get own() {
    const { own, models } = this.data;
    return own && this.model === models[0] ? settledAll(own) : null;
  }

  get z() { return this.mine.get(this.model.key).z; }
  get locks() { return this.mine.get(this.model.key).locks; }
  get names() { return this.mine.get(this.model.key).names; }
  snapshot() { return Object.fromEntries(Object.entries(this.z).map(([factor, block]) => [factor, block.slice()])); }

  begin() {
    if (this.tools.playing) this.tools.stop();
    this.past.push(this.snapshot());
    if (this.past.length > 200) this.past.shift();
  }

  undo() {
    while (this.past.length && alike(this.past.at(-1), this.z)) this.past.pop(); // a key that moved nothing
    if (this.past.length) this.take(this.past.pop());
  }

  jump(z) {
    this.begin();
    this.take(z);
  }

  /** Set all blocks that differ. */
  take(z) {
    for (const [factor, block] of Object.entries(z)) {
      if (block.some((x, i) => x !== this.z[factor][i])) this.#set(factor, block, true);
    }
  }

  slide(factor, row, wanted) {
    this.last = { factor, row };
    this.#set(factor, moved(this.z[factor], row.vector, wanted), true);
  }

  /** Set one block; locked coordinates stay unless `all`. */
  #set(factor, block, all = false) {
    const mine = this.mine.get(this.model.key), group = this.groups.find((one) => one.factor === factor);
    const after = settled(all ? block : group.keepLocked(mine.z[factor], Float32Array.from(block), this.locks));
    mine.z = { ...mine.z, [factor]: after };
    for (const name of factor === "y" ? this.modalities : [factor]) this.dirty.add(name);
    group.show(after, this.locks, this.names);
    if (factor === "y") this.wheel?.follow(after);
    if (this.map?.block.value === factor) this.map.mark();
    this.live.ask({});
    if (factor !== "y") this.#askStrip([factor]);
    this.written();
  }

  #pick(digit) {
    this.begin();
    this.#set("y", this.model.means[digit]);
  }

  draw(factor) {
    this.begin();
    const seed = Math.floor(Math.random() * 2 ** 32), draws = normals(seed);
    for (const one of factor ? [factor] : Object.keys(this.sizes)) this.#set(one, draws(this.sizes[one]));
    if (factor) this.rest(factor);
  }

  nextPair() {
    this.begin();
    const mine = this.mine.get(this.model.key);
    mine.pair = (mine.pair + 1) % this.model.pairs.length;
    mine.base = settledAll(this.model.pairs[mine.pair]);
    for (const factor of Object.keys(this.sizes)) this.#set(factor, mine.base[factor]);
  }

  reset(factor, id) {
    this.begin();
    const { base } = this.mine.get(this.model.key);
    for (const group of this.groups) {
      if (factor && group.factor !== factor) continue;
      const row = id && group.rows.find((one) => one.id === id);
      if (row) this.#set(group.factor, moved(this.z[group.factor], row.vector, dot(base[group.factor], row.vector)), true);
      else this.#set(group.factor, base[group.factor]);
    }
  }

  #lock(id) {
    if (!this.locks.delete(id)) this.locks.add(id);
    this.#showAll();
    this.written();
  }

  #rename(id, name) {
    if (name) this.names[id] = name;
    else delete this.names[id];
    this.#showAll();
    this.written();
  }

  setRaw(raw) {
    for (const id of [...this.locks]) if (id.includes("-raw") !== raw) this.locks.delete(id);
    for (const group of this.groups) group.lay(this.model.directions[group.factor], this.sizes[group.factor], raw);
    const strongest = this.groups[1] ?? this.groups[0];
    this.last = { factor: strongest.factor, row: strongest.rows[0] };
    this.#showAll();
  }

  #showAll() {
    for (const group of this.groups) group.show(this.z[group.factor], this.locks, this.names);
    this.wheel?.follow(this.z.y);
  }

  async #decode() {
    const { model, laid } = this, names = [...this.dirty];
    this.dirty.clear();
    const z = { y: this.z.y, a: Object.fromEntries(names.map((name) => [name, this.z[name]])) };
    if (!names.length) return;
    const answer = await this.decoder.decode(model, z);
    if (laid !== this.laid) return;
    const { shapes, label } = model.model;
    const { top, sure } = this.stage.show(answer.pixels, shapes, label.kind === "classes" ? softmax(answer.label) : [...answer.label]);
    this.wheel?.say(top, sure);
    this.row?.mark(top);
    this.root.dataset.frame = Number(this.root.dataset.frame ?? 0) + 1;
    if (this.root.dataset.pending) {
      performance.mark("mfm-live-picture");
      this.root.dataset.ready = this.version;
      delete this.root.dataset.pending;
    }
    this.#askJudges(names);
  }

  /** Pictures of one Z of every modality, for a file. */
  async decodeOne(z, model = this.model) {
    const { y, ...a } = z;
    return (await this.decoder.back.ask("decode", { key: model.key, n: 1, z: { y, a } })).pixels;
  }

  #inEveryDigit(styles) {
    const { means, model: { sizes } } = this.model, n = means.length;
    const a = Object.fromEntries(Object.entries(styles).map(([name, block]) => [name, Float32Array.from({ length: n * sizes[name] }, (_, i) => block[i % sizes[name]])]));
    return this.decoder.back.ask("decode", { key: this.model.key, n, z: { y: Float32Array.from(means.flat()), a } });
  }

  #askStrip(names) {
    for (const name of names) this.stale.add(name);
    this.strip.ask({});
  }

  async #decodeStrip() {
    const { model, laid } = this, names = [...this.stale];
    this.stale.clear();
    if (!this.row || !names.length) return;
    const { pixels } = await this.#inEveryDigit(Object.fromEntries(names.map((name) => [name, this.z[name]])));
    if (laid !== this.laid) return;
    this.row.show(pixels, model.model.shapes);
    this.root.dataset.strip = Number(this.root.dataset.strip ?? 0) + 1;
  }

  async #tenStyles() {
    const { model } = this, draws = normals(Math.floor(Math.random() * 2 ** 32)), asked = {};
    this.styles = asked;
    this.row.more.replaceChildren();
    for (let row = 1; row < 10; row++) {
      const styles = Object.fromEntries(this.modalities.map((name) => [name, draws(this.sizes[name])]));
      const { pixels } = await this.#inEveryDigit(styles);
      if (this.styles !== asked) return; // another model is shown, or other styles were asked for
      this.row.add(pixels, model.model.shapes, `style ${row + 1} of ten`);
    }
    this.root.dataset.matrix = Number(this.root.dataset.matrix ?? 0) + 1;
  }

  #askJudges(names) {
    for (const name of names) this.unread.add(name);
    this.judge.ask({});
  }

  /** Let the judges read what is shown. */
  async #judge() {
    const { model, laid } = this, names = [...this.unread];
    this.unread.clear();
    if (!names.length) return;
    const z = { y: this.z.y, a: Object.fromEntries(names.map((name) => [name, this.z[name]])) };
    const { read } = await this.decoder.back.ask("decode", { key: model.key, n: 1, z, read: true });
    if (laid !== this.laid) return;
    for (const [name, logits] of Object.entries(read)) this.stage.read(name, softmax(logits));
  }

  /** The visitor lets go of a style: count once whether its judge reads the digit that Z_y stands for, as the label head does. */
  async rest(factor) {
    const { model, laid, z } = this, before = this.past.at(-1);
    if (factor === "y" || !before || alike({ [factor]: z[factor] }, before)) return;
    this.counting++;
    try {
      const { label, read } = await this.decoder.back.ask("decode", { key: model.key, n: 1, z: { y: z.y, a: { [factor]: z[factor] } }, read: true });
      if (laid !== this.laid || !read[factor]) return;
      this.counts = [...this.counts, best([...read[factor]]) === best([...label])].slice(-LAST);
      this.#count();
    } catch { // a worker that was stopped answers nobody
    } finally {
      this.counting--;
      this.turn();
    }
  }

  #count() {
    this.stage.count(this.counts, Object.keys(this.model.judges).map((name) => this.data.titles[name]), this.data.words.y);
  }

  link() { return linkOf(this); }
  address() { return this.kept.href(); }
  python() { return pythonOf(this); }

  /** Keep the address of the page up to date. */
  written() { this.kept.written(); }

  stop() {
    this.kept.stop();
    left = { opened: JSON.stringify(this.data.link), now: this.link() };
    this.tools.playing = false;
    this.decoder.stop();
  }
}

export default function (component) {
  const { parentElement, setTriggerValue } = component, data = given(component);
  const root = parentElement.querySelector(".root");
  const known = shown.get(root);
  if (known?.version === data.version) return;
  if (known && known.data.content === data.content && JSON.stringify(known.data.link) === JSON.stringify(data.link)) {
    known.version = data.version;
    known.data.own = data.own;
    known.map?.take(data);
    return;
  }
  known?.stop();
  const unable = (reason) => {
    root.replaceChildren(element("p", { class: "note", role: "status" }, `This browser cannot decode here: ${reason}`));
    delete root.dataset.pending;
    setTriggerValue("unable", reason.slice(0, 200));
  };
  if (typeof Worker === "undefined") return void unable("it has no workers");
  try {
    shown.set(root, new Sliders(root, data, unable, (name) => setTriggerValue("map", name)));
  } catch (error) {
    return void unable(String(error.message ?? error));
  }
  return () => setTimeout(() => { if (!root.isConnected) shown.get(root)?.stop(); }, 0);
}
