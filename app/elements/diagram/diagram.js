// Figure 5(a) of the paper: latents Z, factors F, and what each picture is made from.
const ROW = 74;
const TOP = 46;
const LATENT = 125;
const FACTOR = 198;
const OUTPUT = 270;
const WIDTH = 350;
const LETTERS = 13; // of a line beside a latent
const LEADING = 16;

function symbol(x, y, letter, below) {
  const text = shape("text", { x, y: y + 5, class: "symbol" }, letter);
  text.append(shape("tspan", { dy: 4, "font-style": "normal" }, below));
  return text;
}

function edge(from, to, classes) {
  const middle = (from[0] + to[0]) / 2;
  const path = `M${from[0]},${from[1]} C${middle},${from[1]} ${middle},${to[1]} ${to[0]},${to[1]}`;
  return shape("path", { d: path, class: `edge ${classes}` });
}

/** Words as lines of at most LETTERS letters, where no word is longer. */
function wrapped(text) {
  return text.split(" ").reduce((lines, word) => {
    const last = lines.at(-1);
    return last !== undefined && last.length + 1 + word.length <= LETTERS ? [...lines.slice(0, -1), `${last} ${word}`] : [...lines, word];
  }, []);
}

function latent(data, name, y, hue, select) {
  const state = data.states[name];
  const classes = `latent ${hue} ${state.kind} ${state.swapped ? "swapped" : ""} ${select ? "selectable" : ""}`;
  const lines = [...wrapped(state.name).map((line) => [line, "name"]), ...wrapped(state.note).map((line) => [line, "note"])];
  const first = y + 5 - ((lines.length - 1) * LEADING) / 2;
  const group = shape("g", { class: classes }, [
    shape("circle", { cx: LATENT, cy: y, r: 23 }),
    symbol(LATENT - 2, y, "Z", name === "y" ? "y" : "a"),
    ...lines.map(([line, kind], i) => shape("text", { x: LATENT - 31, y: first + i * LEADING, class: kind }, line)),
  ]);
  if (select) group.onclick = () => select(name);
  return group;
}

function draw(data, select) {
  const y = places(data.modalities.map((modality) => modality.name), TOP, ROW);
  const height = TOP + data.modalities.length * ROW + 40;
  const svg = shape("svg", { viewBox: `0 0 ${WIDTH} ${height}`, role: "img", "aria-label": data.alt });
  svg.append(
    shape("text", { x: LATENT, y: 12, class: "head", "text-anchor": "middle" }, "latent"),
    shape("text", { x: FACTOR, y: 12, class: "head", "text-anchor": "middle" }, "factor"),
    shape("text", { x: OUTPUT + 36, y: 12, class: "head", "text-anchor": "middle" }, "generated"),
  );
  const pace = (name) => (["drawn", "moved", "inferred"].includes(data.states[name].kind) ? "lively" : "");
  data.modalities.forEach((modality, i) => {
    const name = modality.name;
    svg.append(
      edge([LATENT + 23, y[name]], [FACTOR - 19, y[name]], `a${i} ${pace(name)}`),
      edge([FACTOR + 19, y.y], [OUTPUT, y[name] + (y[name] < y.y ? 9 : -9)], `y ${pace("y")}`),
      edge([FACTOR + 19, y[name]], [OUTPUT, y[name] + (y[name] < y.y ? -5 : 5)], `a${i} ${pace(name)}`),
    );
  });
  svg.append(
    edge([LATENT + 23, y.y], [FACTOR - 19, y.y], `y ${pace("y")}`),
    edge([FACTOR + 19, y.y], [OUTPUT, y.y], `y ${pace("y")}`),
  );
  const hue = { y: "y", ...Object.fromEntries(data.modalities.map((m, i) => [m.name, `a${i}`])) };
  for (const name of Object.keys(y)) {
    svg.append(
      latent(data, name, y[name], hue[name], select),
      shape("g", { class: `factor ${hue[name]}` }, [
        shape("rect", { x: FACTOR - 19, y: y[name] - 17, width: 38, height: 34, rx: 7 }),
        symbol(FACTOR - 2, y[name], "F", name === "y" ? "y" : "a"),
      ]),
    );
  }
  data.modalities.forEach((modality) => {
    const given = data.given === modality.name;
    svg.append(
      shape("g", { class: `frame ${given ? "given" : ""}` }, [
        shape("rect", { x: OUTPUT, y: y[modality.name] - 22, width: 72, height: 44, rx: 3 }),
        shape("text", { x: OUTPUT + 36, y: y[modality.name] + 4, "text-anchor": "middle" }, modality.title),
      ]),
    );
  });
  svg.append(
    shape("g", { class: "frame" }, [
      shape("rect", { x: OUTPUT, y: y.y - 15, width: 72, height: 30, rx: 15 }),
      shape("text", { x: OUTPUT + 36, y: y.y + 4, "text-anchor": "middle" }, data.label),
    ]),
  );
  return svg;
}

export default function (component) {
  const { parentElement, setTriggerValue } = component, data = given(component);
  const root = parentElement.querySelector(".root");
  const version = JSON.stringify(data);
  if (root.dataset.ready === version) return;
  root.dataset.ready = version;
  const select = data.selectable ? (name) => setTriggerValue("factor", name) : null;
  root.replaceChildren(draw(data, select));
  root.tabIndex = 0; // where it is narrow it scrolls sideways, by keyboard too
  root.setAttribute("role", "group");
  root.setAttribute("aria-label", "Diagram");
}
