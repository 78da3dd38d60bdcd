// plotly.js as the package plotly brings it: served packed by the app itself, and loaded when a chart is asked for.
let library = null;

/** plotly.js, once a page; where it could not be loaded it may be asked for again. */
function loadPlotly(address) {
  library ??= runScript(address).then(() => window.Plotly);
  library.catch(() => { library = null; });
  return library;
}

async function runScript(address) {
  const source = URL.createObjectURL(new Blob([await fetchPacked(address)], { type: "text/javascript" }));
  const script = element("script", { src: source });
  const ran = new Promise((done, failed) => {
    script.onload = done;
    script.onerror = () => failed(new Error("the script of the charts could not be run"));
  });
  document.head.append(script);
  await ran;
  script.remove();
  URL.revokeObjectURL(source);
}

/** Give a shadow tree the styles that plotly sets for the page, which do not reach into it. */
function adoptPlotlyStyle(tree) {
  const sheet = new CSSStyleSheet();
  for (const style of document.querySelectorAll("style[id^='plotly.js-style']")) {
    for (const rule of style.sheet.cssRules) sheet.insertRule(rule.cssText);
  }
  tree.adoptedStyleSheets = [...tree.adoptedStyleSheets.filter((one) => !one.ofPlotly), Object.assign(sheet, { ofPlotly: true })];
}

/** A colour of CSS, whatever its notation, as plotly reads it. */
function plainColour(css) {
  const context = element("canvas", { width: 1, height: 1 }).getContext("2d");
  context.fillStyle = css;
  context.fillRect(0, 0, 1, 1);
  return `rgb(${[...context.getImageData(0, 0, 1, 1).data.subarray(0, 3)].join(", ")})`;
}
