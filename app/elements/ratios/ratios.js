// Dependency ratios as bars with their intervals: a group a modality, a row a model or the paper.
function bar(row, most) {
  const share = (value) => `${Math.min(100, Math.max(0, (100 * value) / most)).toFixed(2)}%`;
  const parts = [element("i", { class: "bar", style: `width:${share(row.value)}` })];
  if (row.low !== null) {
    const left = Math.min(100, (100 * row.low) / most);
    const right = Math.min(100, (100 * row.high) / most);
    parts.push(element("i", { class: `interval ${row.high > most ? "beyond" : ""}`, style: `left:${left}%;width:${right - left}%` }));
  }
  if (most > 1) parts.push(element("i", { class: "one", style: `left:${share(1)}` }));
  return element("div", { class: "track" }, parts);
}

function row(one, most) {
  const said = one.low === null ? one.said : [element("b", {}, one.said), element("span", { class: "range" }, one.range)];
  return element("div", { class: `row ${one.kind}`, title: one.alt }, [
    element("span", { class: "who" }, one.who), bar(one, most), element("span", { class: "said" }, said),
  ]);
}

export default function (component) {
  const { data, parentElement } = component;
  const root = parentElement.querySelector(".root");
  if (root.dataset.ready === data.version) return;
  const groups = data.groups.map((group) => element("section", { class: `group ${group.hue}` }, [
    element("h3", {}, group.title), ...group.rows.map((one) => row(one, data.most)),
  ]));
  const foot = element("p", { class: "foot" }, rich(data.foot));
  root.replaceChildren(element("div", { role: "group", "aria-label": data.alt }, groups), foot);
  root.dataset.ready = data.version;
}
