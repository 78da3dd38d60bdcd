// The chart of the map: points of pairs in a plane, drawn by plotly in WebGL. A ring shows where Z is.
const CLICK = 5; // pixels that a pointer may move and still mean a click
const WAIT = 60; // milliseconds until plotly has told of a point that was clicked
// A chart asks no other host: plotly's own default offers to send it to one.
const CONFIG = { displaylogo: false, showSendToCloud: false, responsive: true, displayModeBar: true, modeBarButtonsToRemove: ["select2d", "autoScale2d"] };

const NARROW = 480; // pixels of a chart whose upright title takes two lines
const LEAST = 22; // pixels between two texts

/** Places in pixels moved as little as makes each at least so far from every other. */
function apart(places, least) {
  const moved = places.map((place) => [...place]);
  for (let round = 0, close = true; close && round < 500; round++) {
    close = false;
    for (let i = 0; i < moved.length; i++) {
      for (let j = 0; j < i; j++) {
        const step = [0, 1].map((k) => moved[i][k] - moved[j][k]), far = Math.hypot(...step);
        if (far >= least) continue;
        close = true;
        const way = far > 1e-6 ? step.map((x) => x / far) : [Math.cos(i), Math.sin(i)], half = (least - far) / 2 + 0.01;
        for (const k of [0, 1]) {
          moved[i][k] += half * way[k];
          moved[j][k] -= half * way[k];
        }
      }
    }
  }
  return moved;
}

class Plane {
  /** `on` is told of what the visitor does: over(pair or -1), click(pair or -1, place) and choose(pairs). */
  constructor(on) {
    Object.assign(this, { on, hovered: -1 });
    this.ring = element("div", { class: "ring", hidden: true });
    this.plot = element("div", { class: "plane", tabindex: 0, role: "application" });
    this.plot.setAttribute("aria-label", "Map of held-out pairs. Arrow keys move Z in this plane; plus and minus zoom, 0 shows all.");
    this.plot.addEventListener("pointerdown", (event) => this.#press(event));
  }

  /**
   * Draw points.
   *
   * traces: of plotly, each point's `customdata` the place of its pair. ends: the lowest and highest place of either axis.
   * titles: of the axes; null where they mean nothing. words: texts at places, {text, at}.
   */
  async draw(plotly, { traces, ends, titles, words, legend }) {
    const style = getComputedStyle(this.plot), [ink, rule] = [style.color, style.getPropertyValue("--rule")].map(plainColour);
    Object.assign(this, { plotly, ends, words, ink: style.color });
    const narrow = this.plot.clientWidth < NARROW, title = (k) => titles?.[k].replace(", ", narrow && k === 1 ? ",<br>" : ", ");
    const axis = (k) => ({
      range: ends[k], visible: Boolean(titles), title: { text: title(k), standoff: 6, font: { size: 14 } }, automargin: true,
      zeroline: false, gridcolor: rule, nticks: 7,
    });
    const layout = {
      dragmode: this.plot.layout?.dragmode ?? (matchMedia("(pointer: coarse)").matches ? false : "lasso"),
      hovermode: "closest", autosize: true, showlegend: traces.length > 1, xaxis: axis(0), yaxis: { ...axis(1), scaleanchor: "x" },
      paper_bgcolor: "transparent", plot_bgcolor: "transparent", font: { color: ink, family: style.fontFamily, size: 14 },
      margin: { l: titles ? 56 : 8, r: 8, t: 34, b: titles ? 48 : 8 },
      modebar: { bgcolor: "transparent", color: ink, activecolor: plainColour(style.getPropertyValue("--st-blue-color")) },
      legend: { orientation: "h", y: titles ? -0.14 : -0.02, itemsizing: "constant", title: { text: legend } },
    };
    const drawn = Boolean(this.plot.on);
    this.written = null;
    await plotly.react(this.plot, traces, layout, CONFIG);
    adoptPlotlyStyle(this.plot.getRootNode());
    if (!drawn) this.#listen();
    this.#write();
    this.#follow();
  }

  /** Write the texts at their places, those that would lie on each other beside them, each with a line to its own. */
  #write() {
    const style = getComputedStyle(this.plot), ink = plainColour(style.color), outlined = `0 0 3px ${style.getPropertyValue("--st-background-color")}`;
    const places = this.words.map(({ at }) => this.pixel(at)), drawn = apart(places, LEAST);
    const annotations = this.words.map(({ text, at: [x, y] }, i) => {
      const [ax, ay] = [0, 1].map((k) => Math.round(drawn[i][k] - places[i][k]));
      return {
        x, y, ax, ay, text: `<b>${text}</b>`, showarrow: Math.hypot(ax, ay) > 4, arrowhead: 6, arrowsize: 0.6, arrowwidth: 1.2, arrowcolor: ink, borderpad: 0,
        captureevents: false, font: { size: 18, color: ink, shadow: [outlined, outlined, outlined].join(", ") },
      };
    });
    const written = JSON.stringify(annotations);
    if (this.written === written) return;
    this.written = written;
    this.plotly.relayout(this.plot, { annotations });
  }

  #listen() {
    this.plot.on("plotly_hover", ({ points: [point] }) => this.#over(point.customdata));
    this.plot.on("plotly_unhover", () => this.#over(-1));
    this.plot.on("plotly_click", ({ points: [point] }) => { this.clicked = point.customdata; });
    this.plot.on("plotly_selected", (chosen) => chosen && this.on.choose(chosen.points.map((point) => point.customdata)));
    this.plot.on("plotly_deselect", () => this.on.choose([]));
    this.plot.on("plotly_relayout", () => this.#write());
    for (const moved of ["plotly_relayout", "plotly_relayouting", "plotly_afterplot"]) this.plot.on(moved, () => this.#follow());
  }

  #over(pair) {
    this.hovered = pair;
    this.on.over(pair);
  }

  get #axes() { return [this.plot._fullLayout.xaxis, this.plot._fullLayout.yaxis]; }

  /** Take the chart away, for its points are of another model. */
  forget() {
    this.at = null;
    this.ring.hidden = true;
    this.plotly?.purge(this.plot);
  }

  /** Where a place of the plane lies in the chart, in pixels. */
  pixel(at) { return this.#axes.map((axis, k) => axis._offset + axis.d2p(at[k])); }

  /** Move the ring. */
  mark(at) {
    this.at = at;
    if (this.plotly) this.#follow();
  }

  #follow() {
    if (!this.at || !this.plot._fullLayout?.xaxis) return;
    const pixel = this.pixel(this.at);
    this.ring.hidden = this.#axes.some((axis, k) => pixel[k] < axis._offset || pixel[k] > axis._offset + axis._length);
    this.ring.style.transform = `translate(${pixel[0]}px, ${pixel[1]}px)`;
  }

  /** A press that does not move means the point that plotly tells of, or else the empty place. */
  #press({ target, clientX, clientY }) {
    if (!target.classList.contains("nsewdrag")) return;
    this.clicked = -1;
    const { left, top } = this.plot.getBoundingClientRect(), pixel = [clientX - left, clientY - top];
    const up = (event) => {
      if (Math.hypot(event.clientX - clientX, event.clientY - clientY) > CLICK) return;
      const place = this.#axes.map((axis, k) => axis.p2d(pixel[k] - axis._offset));
      setTimeout(() => this.on.click(this.clicked, place), WAIT);
    };
    addEventListener("pointerup", up, { once: true, capture: true });
    addEventListener("pointercancel", () => removeEventListener("pointerup", up, { capture: true }), { once: true });
  }

  /** Show a smaller part of the plane, or a larger one; null shows all. */
  zoom(factor) {
    const ranges = this.#axes.map(({ range: [low, high] }, k) => {
      const middle = (low + high) / 2, half = ((high - low) / 2) * (factor ?? 1);
      return factor === null ? this.ends[k] : [middle - half, middle + half];
    });
    this.plotly.relayout(this.plot, { "xaxis.range": ranges[0], "yaxis.range": ranges[1] });
  }

  /** Take the choice of points back. */
  clear() {
    this.plotly.update(this.plot, { selectedpoints: [null] }, { selections: [] });
  }
}
