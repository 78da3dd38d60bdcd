// What is done to the whole state: undo, two settings compared, animation, and downloads.
const FRAMES = 40;
const paths = (noun) => ({ last: "the slider moved last", wheel: `every ${noun}, in a circle`, ab: "from A to B" });

class Tools {
  constructor(main) {
    this.main = main;
    this.cards = [];
    this.path = element("select", { "aria-label": "What to animate" }, Object.entries(paths(main.data.words.y.noun)).map(([value, text]) => element("option", { value }, text)));
    this.speed = element("select", { "aria-label": "Speed" }, [["0.5", "slow"], ["1", "normal"], ["2", "fast"]].map(([value, text]) => element("option", { value, selected: value === "1" }, text)));
    this.play = small("Play", "Play", () => (this.playing ? this.stop() : this.start()), { class: "primary" });
    this.said = element("span", { class: "said", role: "status" });
    this.raw = element("input", { type: "checkbox" });
    this.raw.addEventListener("change", () => main.setRaw(this.raw.checked));
    const take = element("details", { class: "take" }, [
      element("summary", {}, "Downloads"),
      element("div", { class: "menu" }, [
        small("Copy link", "Copy link", () => this.copy(main.address(), "Link copied")),
        small("Copy Python", "Copy Python", () => this.copy(main.python(), "Python copied")),
        small("Picture, PNG", "Picture, PNG", () => this.png()),
        small("Animation, GIF", "Animation, GIF", () => this.record("gif")),
        small("Animation, WebM", "Animation, WebM", () => this.record("webm"), typeof MediaRecorder === "undefined" ? { disabled: true } : {}),
      ]),
    ]);
    const cards = ["A", "B"].map((letter) => this.#card(letter));
    this.forget();
    this.box = element("div", { class: "tools" }, [
      element("div", { class: "bar" }, [
        small("Draw everything that is not locked from the prior N(0, I)", "Draw all", () => main.draw(null)),
        small("Another real pair, held out from training, as the model rebuilds it", "Next real pair", () => main.nextPair()),
        small("Reset all sliders", "Reset all", () => main.reset(null, null)),
        small("Undo", "Undo", () => main.undo()),
        element("label", { class: "switch" }, [this.raw, "raw dimensions"]),
      ]),
      element("div", { class: "bar" }, [this.play, this.path, this.speed, take, this.said]),
      element("div", { class: "ab" }, [element("span", {}, "Compare two settings:"), ...cards]),
    ]);
  }

  /** Keep and play nothing, for another model is shown. */
  forget() {
    this.kept = { A: null, B: null };
    for (const { box, show, canvases } of this.cards) {
      show.disabled = true;
      box.classList.remove("filled");
      canvases.forEach(wipe);
    }
    this.say("");
    this.#still();
  }

  #card(letter) {
    const canvases = this.main.modalities.map(() => element("canvas"));
    const show = small(`Show ${letter}`, letter, () => this.kept[letter] && this.main.jump(this.kept[letter]), { class: "show", disabled: true });
    const keep = small(`Keep this as ${letter}`, `Keep as ${letter}`, () => {
      this.kept[letter] = this.main.snapshot();
      canvases.forEach((canvas, i) => {
        const source = this.main.stage.pictures[i].canvas;
        Object.assign(canvas, { width: source.width, height: source.height });
        canvas.getContext("2d").drawImage(source, 0, 0);
      });
      show.disabled = false;
      box.classList.add("filled");
    });
    const box = element("div", { class: "card" }, [show, element("div", { class: "pair" }, canvases), keep]);
    this.cards.push({ box, show, canvases });
    return box;
  }

  /** Z along the chosen path at t in [0, 1], or a sentence that says why there is none. */
  route() {
    const { main } = this, { means } = main.model, start = main.snapshot();
    const to = {
      last: () => {
        const { factor, row } = main.last;
        const begun = Math.asin(Math.min(Math.max(dot(start[factor], row.vector) / 3, -1), 1)); // from where it stands
        return (t) => ({ ...start, [factor]: settled(moved(start[factor], row.vector, 3 * Math.sin(2 * Math.PI * t + begun))) });
      },
      wheel: () => (t) => ({ ...start, y: settled(fromWheel(station(t * means.length, means.length), means)) }),
      ab: () => {
        const { A, B } = this.kept;
        if (!A || !B) return "Keep an A and a B first.";
        return (t) => Object.fromEntries(Object.keys(A).map((factor) => [factor, settled(between(A[factor], B[factor], (1 - Math.cos(2 * Math.PI * t)) / 2))]));
      },
    };
    if (this.path.value === "wheel" && !means.length) return `This model has no mean Z_y of each ${main.data.words.y.noun}.`;
    return to[this.path.value]();
  }

  start() {
    const route = this.route();
    if (typeof route === "string") return this.say(route);
    this.main.begin();
    this.playing = true;
    this.play.textContent = "Stop";
    const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
    const seconds = (this.path.value === "wheel" ? 12 : 5) / Number(this.speed.value);
    const began = performance.now();
    let last = -Infinity;
    const step = (now) => {
      if (!this.playing || !this.main.root.isConnected) return;
      if (!calm || now - last > 700) {
        last = now;
        const t = ((now - began) / 1000 / seconds) % 1;
        this.main.take(route(calm ? Math.floor(t * 20) / 20 : t));
      }
      requestAnimationFrame(step);
    };
    requestAnimationFrame(step);
  }

  stop() {
    this.#still();
    this.main.written();
  }

  #still() {
    this.playing = false;
    this.play.textContent = "Play";
  }

  /** Say something for six seconds, or until something else is said. */
  say(text, stays = false) {
    this.said.textContent = text;
    clearTimeout(this.timer);
    if (!stays) this.timer = setTimeout(() => this.said.replaceChildren(), 6000);
  }

  async copy(text, done) {
    try {
      await navigator.clipboard.writeText(text);
      this.say(done);
    } catch {
      const field = element("textarea", { readonly: true, rows: 2, "aria-label": "Copy this" }, text);
      this.said.replaceChildren("Copy it: ", field);
      field.select();
    }
  }

  png() {
    composed(this.main.stage.pictures.map((one) => one.canvas)).toBlob((blob) => save(blob, `${this.main.model.name}_pair.png`));
  }

  /** Decode the chosen path once and make a file of it. */
  async record(kind) {
    const route = this.route();
    if (typeof route === "string") return this.say(route);
    this.say("Decoding \u2026");
    const { main } = this, { model } = main, canvas = element("canvas"), sources = main.modalities.map(() => element("canvas"));
    const paint = async (i) => {
      const pixels = await main.decodeOne(route(i / FRAMES), model); // another may be shown meanwhile
      main.modalities.forEach((name, place) => put(sources[place], pixels[name], model.model.shapes[name]));
      composed(sources, canvas);
    };
    try {
      await paint(0);
      let blob;
      if (kind === "webm") blob = await film(canvas, FRAMES, 20, paint);
      else {
        const frames = [];
        for (let i = 0; i < FRAMES; i++) {
          await paint(i);
          const { width, height } = canvas;
          frames.push({ width, height, data: canvas.getContext("2d").getImageData(0, 0, width, height).data });
        }
        blob = gif(frames, 8);
      }
      save(blob, `${model.name}_slide.${kind}`);
      this.say(`${kind === "gif" ? "GIF" : "WebM"}, ${Math.ceil(blob.size / 1024)} kB`);
    } catch (error) {
      this.say(`It could not be made: ${error.message}`);
    }
  }
}
