// A sweep that was decoded once, scrubbed here without the server; the server hears of the frame on release.
const states = new WeakMap();

function build(root, data) {
  const pictures = Object.keys(data.tiles).map((name) => {
    const canvas = element("canvas", { role: "img" });
    const judged = data.judged[name] ? { ...line("judge reads"), ...chart(data.judged[name][0].length, 26, true) } : null;
    const parts = [element("h4", {}, data.titles[name]), canvas, ...(judged ? [judged.line, judged.svg] : [])];
    return { name, canvas, judged, box: element("div", { class: "picture" }, parts) };
  });
  const believed = line("the label head, from F_y, says");
  const input = element("input", { type: "range", min: 0, max: data.frames - 1, step: 1, "aria-label": data.label });
  const output = element("output");
  const ends = element("div", { class: "ends" }, [element("span", {}, data.ends[0]), output, element("span", {}, data.ends[1])]);
  root.replaceChildren(
    element("div", { class: "stage" }, pictures.map((picture) => picture.box)),
    element("div", { class: "track" }, [believed.line, input, ends]),
  );
  return { pictures, believed, input, output };
}

/** Who reads, and a place for what is read. */
function line(who) {
  const digit = element("b");
  return { who, digit, line: element("p", { class: "said" }, [element("span", {}, rich(who)), digit]) };
}

function say(target, percents) {
  const top = best(percents);
  const said = `${top} · ${Math.round(percents[top])} %`;
  target.digit.textContent = said;
  return `${target.who} ${said}`;
}

function show(state, frame) {
  const { data, tiles, parts } = state;
  for (const { name, canvas, judged } of parts.pictures) {
    paint(canvas, tiles[name], frame);
    if (judged) judged.set(data.judged[name][frame]);
    const read = judged ? say(judged, data.judged[name][frame]) : "";
    canvas.setAttribute("aria-label", `${data.titles[name]} at ${data.values[frame]}. ${read}`);
  }
  parts.output.textContent = data.values[frame];
  parts.input.style.setProperty("--at", `${(100 * frame) / (data.frames - 1)}%`);
  parts.input.setAttribute("aria-valuetext", `${data.values[frame]}; ${say(parts.believed, data.believed[frame])}`);
}

function listen(state, setTriggerValue) {
  const { input } = state.parts;
  input.addEventListener("pointerdown", () => { state.dragging = true; });
  input.addEventListener("input", () => show(state, Number(input.value)));
  input.addEventListener("change", () => {
    const wait = state.dragging ? 0 : 180; // a held arrow key changes many times
    state.dragging = false;
    clearTimeout(state.timer);
    state.timer = setTimeout(() => setTriggerValue("at", Number(input.value)), wait);
  });
}

export default function (component) {
  const { parentElement, setTriggerValue } = component, data = given(component);
  const root = parentElement.querySelector(".root");
  const known = states.get(root);
  if (known && known.data.version === data.version) return;
  const turn = Symbol("turn");
  states.set(root, { ...known, turn, data });
  root.dataset.pending = data.version;
  loadTiles(data.tiles).then((tiles) => {
    if (states.get(root).turn !== turn) return;
    const focused = parentElement.activeElement?.type === "range";
    const state = { turn, data, tiles, parts: build(root, data), dragging: false };
    states.set(root, state);
    state.parts.input.value = data.start;
    listen(state, setTriggerValue);
    show(state, data.start);
    root.dataset.ready = data.version;
    delete root.dataset.pending;
    if (focused) state.parts.input.focus();
  });
}
