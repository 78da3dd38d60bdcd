// A sweep that was decoded once, scrubbed here without the server; the server hears of the frame on release.
const states = new WeakMap();

function build(root, data) {
  const pictures = Object.keys(data.tiles).map((name) => {
    const canvas = element("canvas", { role: "img" });
    const said = element("p", { class: "said" });
    const chart = element("div");
    return { name, canvas, said, chart, box: element("div", { class: "picture" }, [element("h4", {}, data.titles[name]), canvas, said, chart]) };
  });
  const believed = element("p", { class: "said" });
  const input = element("input", { type: "range", min: 0, max: data.frames - 1, step: 1, "aria-label": data.label });
  const output = element("output");
  const ends = element("div", { class: "ends" }, [element("span", {}, data.ends[0]), output, element("span", {}, data.ends[1])]);
  root.replaceChildren(
    element("div", { class: "stage" }, pictures.map((picture) => picture.box)),
    element("div", { class: "track" }, [believed, input, ends]),
  );
  return { pictures, believed, input, output };
}

function sentence(target, who, percents) {
  const top = best(percents);
  target.replaceChildren(element("span", {}, rich(who)), element("b", {}, `${top} · ${Math.round(percents[top])} %`));
  return `${who} ${top}, ${Math.round(percents[top])} %`;
}

function show(state, frame) {
  const { data, tiles, parts } = state;
  for (const { name, canvas, said, chart } of parts.pictures) {
    paint(canvas, tiles[name], frame);
    const percents = data.judged[name]?.[frame];
    const read = percents ? sentence(said, "judge reads", percents) : "";
    if (percents) chart.replaceChildren(bars(percents, 26, true));
    canvas.setAttribute("aria-label", `${data.titles[name]} at ${data.values[frame]}. ${read}`);
  }
  const believed = sentence(parts.believed, "the label head, from F_y, says", data.believed[frame]);
  parts.output.textContent = data.values[frame];
  parts.input.setAttribute("aria-valuetext", `${data.values[frame]}; ${believed}`);
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
  const { data, parentElement, setTriggerValue } = component;
  const root = parentElement.querySelector(".root");
  const known = states.get(root);
  if (known && known.data.version === data.version) return;
  const turn = Symbol("turn");
  states.set(root, { ...known, turn, data });
  loadTiles(data.tiles).then((tiles) => {
    if (states.get(root).turn !== turn) return;
    const focused = parentElement.activeElement?.type === "range";
    const state = { turn, data, tiles, parts: build(root, data), dragging: false };
    states.set(root, state);
    state.parts.input.value = data.start;
    listen(state, setTriggerValue);
    show(state, data.start);
    root.dataset.ready = data.version;
    if (focused) state.parts.input.focus();
  });
}
