// Lines over a row of values, each with its band: arrow keys and the pointer walk along them, and say what is there.
const W = 420;
const H = 210;
const EDGE = { left: 44, right: 14, top: 12, bottom: 30 };

function plot(spec) {
  const log = spec.log;
  const scale = (x) => (log ? Math.log(x) : x);
  const [low, high] = [scale(spec.x[0]), scale(spec.x[spec.x.length - 1])];
  const across = (x) => EDGE.left + ((scale(x) - low) / (high - low || 1)) * (W - EDGE.left - EDGE.right);
  const up = (y) => H - EDGE.bottom - (Math.min(y, spec.most) / spec.most) * (H - EDGE.top - EDGE.bottom);
  const svg = shape("svg", { viewBox: `0 0 ${W} ${H}`, role: "img", "aria-label": spec.alt });
  for (const tick of spec.ticks_y) {
    svg.append(shape("line", { class: "rule", x1: EDGE.left, x2: W - EDGE.right, y1: up(tick), y2: up(tick) }), shape("text", { x: EDGE.left - 6, y: up(tick) + 4, class: "end" }, String(tick)));
  }
  spec.ticks_x.forEach((tick) => svg.append(shape("text", { x: across(tick), y: H - EDGE.bottom + 16, class: "middle" }, String(tick))));
  svg.append(shape("text", { x: W - EDGE.right, y: H - 2, class: "end quiet" }, spec.label));
  if (spec.here !== null) svg.append(shape("line", { class: "here", x1: across(spec.here), x2: across(spec.here), y1: EDGE.top, y2: H - EDGE.bottom }));
  for (const line of spec.lines) {
    const known = line.y.map((y, i) => [i, y]).filter(([, y]) => y !== null);
    if (line.low) {
      const over = known.map(([i]) => `${across(spec.x[i])},${up(line.high[i])}`);
      const under = known.map(([i]) => `${across(spec.x[i])},${up(line.low[i])}`).reverse();
      svg.append(shape("polygon", { class: `band ${line.hue}`, points: [...over, ...under].join(" ") }));
    }
    svg.append(shape("polyline", { class: `line ${line.hue}`, points: known.map(([i, y]) => `${across(spec.x[i])},${up(y)}`).join(" ") }));
    known.forEach(([i, y]) => svg.append(shape("circle", { class: `dot ${line.hue}`, cx: across(spec.x[i]), cy: up(y), r: 2.6 })));
  }
  const cursor = shape("line", { class: "cursor", y1: EDGE.top, y2: H - EDGE.bottom, visibility: "hidden" });
  svg.append(cursor);
  return { svg, cursor, across };
}

function walk(spec) {
  const { svg, cursor, across } = plot(spec);
  const readout = element("p", { class: "readout" }, spec.hint);
  const key = element("div", { class: "key" }, spec.lines.map((line) => element("span", { class: line.hue }, [element("i"), line.title])));
  const box = element("section", {
    class: "chart", tabindex: 0, role: "slider", "aria-label": spec.title, "aria-valuemin": 1, "aria-valuemax": spec.x.length,
    "aria-valuenow": 1, "aria-valuetext": spec.said[0],
  }, [element("h3", {}, spec.title), svg, key, readout]);
  let at = -1;
  const go = (i) => {
    at = Math.min(Math.max(i, 0), spec.x.length - 1);
    cursor.setAttribute("visibility", "visible");
    cursor.setAttribute("x1", across(spec.x[at]));
    cursor.setAttribute("x2", across(spec.x[at]));
    readout.textContent = spec.said[at];
    box.setAttribute("aria-valuenow", at + 1);
    box.setAttribute("aria-valuetext", spec.said[at]);
  };
  box.addEventListener("keydown", (event) => {
    const moves = { ArrowLeft: at - 1, ArrowRight: at + 1, Home: 0, End: spec.x.length - 1 };
    if (!(event.key in moves)) return;
    go(moves[event.key]);
    event.preventDefault();
  });
  svg.addEventListener("pointermove", (event) => {
    const frame = svg.getBoundingClientRect();
    const x = ((event.clientX - frame.left) / frame.width) * W;
    const gaps = spec.x.map((value) => Math.abs(across(value) - x));
    go(gaps.indexOf(Math.min(...gaps)));
  });
  return box;
}

export default function (component) {
  const { data, parentElement } = component;
  const root = parentElement.querySelector(".root");
  if (root.dataset.ready === data.version) return;
  root.replaceChildren(element("div", { class: "charts" }, data.charts.map(walk)));
  root.dataset.ready = data.version;
}
