// The digit wheel: ten places on a circle with the mean Z_y of each digit; between them, what lies between.
const RADIUS = 78;

class Wheel {
  constructor(means, digits, { meaning, noun }, onMove, onBegin) {
    this.means = means;
    const n = means.length;
    const dots = means.flatMap((_, k) => {
      const [x, y] = station(k, n).map((at) => at * RADIUS);
      return [shape("circle", { cx: x, cy: y, r: 13, class: "station" }), shape("text", { x, y: y + 5, class: "digit" }, digits[k])];
    });
    this.puck = shape("circle", { r: 17, class: "puck" });
    this.hub = shape("text", { y: 5, class: "hub" }, meaning);
    this.svg = shape(
      "svg",
      { viewBox: "-100 -100 200 200", class: "wheel", role: "slider", tabindex: 0, "aria-label": `${noun[0].toUpperCase()}${noun.slice(1)} wheel: Z_y`, "aria-valuemin": 0, "aria-valuemax": n - 1 },
      [shape("circle", { r: RADIUS, class: "ring" }), this.hub, ...dots, this.puck],
    );
    this.digits = digits;
    this.texts = [...this.svg.querySelectorAll("text.digit")];
    this.onMove = onMove;
    this.svg.addEventListener("pointerdown", (event) => {
      onBegin();
      this.svg.setPointerCapture(event.pointerId);
      this.dragging = true;
      this.#follow(event);
    });
    this.svg.addEventListener("pointermove", (event) => this.dragging && this.#follow(event));
    for (const end of ["pointerup", "pointercancel"]) this.svg.addEventListener(end, () => { this.dragging = false; this.#uncover(); });
    this.svg.addEventListener("keydown", (event) => this.#key(event, onBegin));
  }

  #follow(event) {
    const box = this.svg.getBoundingClientRect();
    let x = ((event.clientX - box.left) / box.width) * 200 - 100, y = ((event.clientY - box.top) / box.height) * 200 - 100;
    const far = Math.hypot(x, y) / RADIUS;
    if (far > 1) [x, y] = [x / far, y / far];
    this.move([x / RADIUS, y / RADIUS]);
  }

  #key(event, onBegin) {
    const n = this.means.length;
    const steps = { ArrowRight: 0.25, ArrowDown: 0.25, ArrowLeft: -0.25, ArrowUp: -0.25, PageUp: 1, PageDown: -1 };
    let turn = null;
    if (event.key in steps) turn = this.turn() + steps[event.key];
    else if (event.key === "Home") turn = 0;
    else if (event.key === "End") turn = n - 1;
    else if (/^[0-9]$/.test(event.key) && Number(event.key) < n) turn = Number(event.key);
    if (turn === null || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    if (!event.repeat) onBegin();
    this.move(station(turn, n));
  }

  /** Where on the circle the puck is, in digits from the top. */
  turn() {
    const n = this.means.length;
    const turn = ((Math.atan2(this.at[1], this.at[0]) + Math.PI / 2) / (2 * Math.PI)) * n;
    return Math.round(4 * ((turn + n) % n)) / 4;
  }

  move(at) {
    this.place(at);
    this.onMove(fromWheel(at, this.means));
  }

  place(at) {
    this.at = at;
    this.puck.setAttribute("cx", at[0] * RADIUS);
    this.puck.setAttribute("cy", at[1] * RADIUS);
    if (!this.dragging) this.#uncover();
  }

  /** Set the words in the middle where the puck, at rest, does not cover them: above it or below. */
  #uncover() {
    const [x, y] = this.at.map((part) => part * RADIUS), covers = Math.abs(x) < 55 && Math.abs(y) < 30;
    this.hub.setAttribute("y", covers ? (y > 0 ? -28 : 38) + 5 : 5);
  }

  /** Say nothing of the label head, for another model is shown. */
  forget() {
    for (const text of this.texts) text.classList.remove("top");
    for (const said of ["aria-valuenow", "aria-valuetext"]) this.svg.removeAttribute(said);
  }

  /** Show the digit that the label head says. */
  say(digit, percent) {
    this.texts.forEach((text, k) => text.classList.toggle("top", k === digit));
    this.svg.setAttribute("aria-valuenow", digit);
    this.svg.setAttribute("aria-valuetext", `the label head says ${this.digits[digit]}, ${percent} %`);
  }

  /** Follow a Z_y that something else set. */
  follow(block) {
    if (!this.dragging) this.place(toWheel(block, this.means));
  }
}
