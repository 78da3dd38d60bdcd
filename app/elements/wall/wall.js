// Pictures in rows and columns, each with what is read from it; they can be picked.
function reading(read) {
  if (!read) return [];
  const top = best(read.percents);
  const said = element("span", { class: "said" }, [element("b", {}, String(top)), ` ${Math.round(read.percents[top])} %`]);
  const box = element("div", { class: "reading", role: "img", "aria-label": read.alt, title: read.alt });
  box.append(said, bars(read.percents, 14));
  return [box];
}

function cell(spec, tiles, pick) {
  const shots = spec.shots.map((shot) => {
    const canvas = element("canvas", { role: "img", "aria-label": shot.alt, title: shot.alt });
    paint(canvas, tiles[shot.tile], shot.index);
    return element("div", { class: "shot" }, [canvas, ...reading(shot.read)]);
  });
  const row = pick && spec.pick !== undefined
    ? element("button", { class: "shots", type: "button", "aria-pressed": spec.picked ? "true" : "false", "aria-label": spec.alt, "data-pick": spec.pick }, shots)
    : element("div", { class: "shots" }, shots);
  if (pick && spec.pick !== undefined) row.onclick = () => pick(spec.pick);
  return element("div", { class: `cell ${spec.mark ?? ""}` }, [row, ...reading(spec.read)]);
}

function head(spec, tiles, classes) {
  if (typeof spec === "string") return element("div", { class: `head ${classes}` }, [element("span", {}, rich(spec))]);
  const label = spec.label ? [element("span", { class: "label" }, rich(spec.label))] : [];
  return element("div", { class: `head ${classes}` }, [...label, cell(spec, tiles)]);
}

function panel(spec, tiles, pick) {
  const headed = spec.head !== undefined;
  const grid = element("div", { class: `grid ${headed ? "headed" : ""} ${spec.folded ? "folding" : ""} ${spec.standing ? "standing" : ""} ${spec.stacked ? "stacked" : ""}` });
  grid.style.setProperty("--columns", spec.across);
  if (headed) grid.style.setProperty("--head", spec.head);
  grid.style.setProperty("--gap", spec.gap ?? "0.5rem");
  if (spec.folded) grid.style.setProperty("--folded", spec.folded);
  if (spec.columns) grid.append(...(headed ? [head("", tiles, "over")] : []), ...spec.columns.map((one) => head(one, tiles, "over")));
  for (const row of spec.rows) {
    if (row.band) grid.append(element("div", { class: "band" }, rich(row.band)));
    else grid.append(...(headed ? [head(row.head ?? "", tiles, "")] : []), ...row.cells.map((one) => cell(one, tiles, pick)));
  }
  const whole = element("section", { class: "panel" }, spec.title ? [element("h3", {}, spec.title), grid] : [grid]);
  if (spec.widest) whole.style.maxWidth = spec.widest;
  if (spec.least) whole.style.setProperty("--least", spec.least);
  if (spec.share) whole.style.setProperty("--share", spec.share);
  return whole;
}

const turns = new WeakMap();

export default function (component) {
  const { parentElement, setTriggerValue } = component, data = given(component);
  const root = parentElement.querySelector(".root");
  const turn = (turns.get(root) ?? 0) + 1;
  turns.set(root, turn);
  if (root.dataset.ready === data.version) {
    delete root.dataset.pending;
    return;
  }
  root.dataset.pending = data.version;
  const pick = data.pickable ? (value) => setTriggerValue("pick", value) : null;
  loadTiles(data.tiles).then((tiles) => {
    if (turns.get(root) !== turn) return;
    const focused = parentElement.activeElement?.dataset?.pick;
    root.replaceChildren(element("div", { class: "panels" }, data.panels.map((spec) => panel(spec, tiles, pick))));
    root.dataset.ready = data.version;
    delete root.dataset.pending;
    if (focused !== undefined) root.querySelector(`[data-pick="${CSS.escape(focused)}"]`)?.focus();
  });
}
