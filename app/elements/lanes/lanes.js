// Flow or attribution over the steps of a clip: a lane a modality under the words, a face, and one cursor and one hover for all of them.
const boards = new WeakMap();

const number = (value) => (value === 0 ? "0" : Math.abs(value) >= 100 ? value.toFixed(0) : value.toPrecision(2).replace("-", "\u2212"));
const plus = (value) => (value > 0 ? "+" : "") + number(value);

/** Left edge and width of a step, in percent of the track. */
function place(panel, axis, step) {
  if (axis === "step") return [(100 * step) / panel.count, 100 / panel.count];
  const [start, end] = panel.times[step];
  return [(100 * start) / panel.duration, (100 * (end - start)) / panel.duration];
}

/** The step that is spoken at a time: the last that has begun. */
function stepAt(panel, seconds) {
  let step = 0;
  panel.times.forEach(([start], i) => { if (seconds >= start - 1e-3) step = i; });
  return step;
}

/** Where the cursor stands at a time, in percent of the track. */
function cursorAt(panel, axis, seconds) {
  if (axis === "time") return (100 * Math.min(seconds, panel.duration)) / panel.duration;
  const step = stepAt(panel, seconds);
  const [start, end] = panel.times[step];
  const passed = Math.min(Math.max((seconds - start) / Math.max(end - start, 1e-3), 0), 1);
  return (100 * (step + passed)) / panel.count;
}

function describe(panel, step) {
  const word = panel.words.length ? ` “${panel.words[step]}”` : "";
  const flows = panel.lanes.map((lane) => `${lane.title} ${number(lane.values[step])}`).join(", ");
  const known = panel.lanes.filter((lane) => lane.truth).map((lane) => `${lane.title} ${plus(lane.truth[step])}`);
  const truth = known.length ? ` Truth: ${known.join(", ")}.` : "";
  return `${panel.unit} ${step + 1} of ${panel.count}${word}. ${panel.measure}: ${flows}.${truth}`;
}

function cell(panel, axis, lane, step) {
  const [left, width] = place(panel, axis, step);
  const room = lane.signed ? 50 : 100;
  const tall = (values) => `height:${Math.min(room, (room * Math.abs(values[step])) / (lane.top || 1)).toFixed(2)}%`;
  const kind = (values) => (lane.signed ? (values[step] < 0 ? "down" : "up") : "");
  const bars = [element("i", { class: `bar ${kind(lane.values)}`, style: tall(lane.values) })];
  if (lane.before) bars.push(element("i", { class: `bar before ${kind(lane.before)}`, style: tall(lane.before) }));
  return element("div", { class: "cell", "data-step": step, style: `left:${left}%;width:${width}%` }, bars);
}

function truthMark(panel, axis, lane, step) {
  const [left, width] = place(panel, axis, step);
  const value = lane.truth[step];
  const size = value === 0 ? 0 : 0.45 + 0.55 * Math.min(1, Math.abs(value) / (panel.evidence || 1));
  const mark = element("b", { class: value < 0 ? "minus" : "plus", style: `--size:${size.toFixed(3)}` }, value === 0 ? "" : value < 0 ? "\u2212" : "+");
  return element("div", { class: "mark", "data-step": step, style: `left:${left}%;width:${width}%` }, mark);
}

function laneRow(panel, axis, lane, i, pick) {
  const name = element("button", { type: "button", class: "name", "aria-label": `Shade the words by ${lane.title}` }, lane.title);
  name.onclick = () => pick(i);
  const head = element("div", { class: "head" }, [name, element("span", { class: "note" }, lane.note ?? ""), element("span", { class: "top" }, `${number(lane.top)} at the top`)]);
  const steps = Array.from({ length: panel.count }, (_, step) => step);
  const plot = element("div", { class: `plot ${lane.signed ? "signed" : ""}` }, steps.map((step) => cell(panel, axis, lane, step)));
  const truth = lane.truth ? [element("div", { class: "truth" }, steps.map((step) => truthMark(panel, axis, lane, step)))] : [];
  return element("div", { class: `lane ${lane.hue}`, "data-lane": lane.name }, [head, plot, ...truth]);
}

function chips(panel, axis) {
  const row = element("div", { class: "words" });
  for (let step = 0; step < panel.count; step += 1) {
    const [left, width] = place(panel, axis, step);
    const text = panel.words.length ? panel.words[step] : String(step + 1);
    row.append(element("span", { class: `chip ${panel.changed === step ? "changed" : ""}`, "data-step": step, title: describe(panel, step), style: `left:${left}%;width:${width}%` }, element("span", {}, text)));
  }
  return row;
}

/** The seconds under the lanes, where steps are as wide as they last. */
function seconds(panel, axis) {
  if (axis !== "time") return [];
  const every = [0.5, 1, 2, 5, 10, 30].find((one) => panel.duration / one <= 12) ?? 60;
  const ticks = Array.from({ length: Math.floor(panel.duration / every) + 1 }, (_, i) => i * every);
  const marks = ticks.map((at) => element("span", { style: `left:${(100 * at) / panel.duration}%` }, at === 0 ? "0 s" : String(at)));
  return [element("div", { class: "seconds", "aria-hidden": "true" }, marks)];
}

function scores(panel) {
  return panel.scores.map((score) => element("p", { class: "score" }, [
    element("span", {}, score.label), " ",
    ...(score.before ? [element("s", { "aria-label": `before ${score.before}` }, score.before), " \u2192 "] : []),
    element("b", {}, score.value),
  ]));
}

/** The scale of the score, with what the model says on it, before a change, and the truth. */
function scoreScale(scale) {
  if (!scale) return [];
  const marks = scale.marks.map((mark) => element("i", { class: `at ${mark.kind}`, style: `left:${mark.at}%` }));
  const zero = element("i", { class: "zero", style: `left:${scale.neutral}%` });
  const line = element("div", { class: "line" }, [zero, ...marks]);
  const ends = element("div", { class: "ends" }, [element("span", {}, scale.low), element("span", { class: "middle", style: `left:${scale.neutral}%` }, scale.middle), element("span", {}, scale.high)]);
  return [element("div", { class: "scale", role: "img", title: `From the lowest to the highest score, of the held-out clips and of those shown: ${scale.low} to ${scale.high}`, "aria-label": `Scale of the score, from ${scale.low} to ${scale.high}, neutral at ${scale.middle}` }, [line, ends])];
}

function buildPanel(board, panel, clock) {
  const { axis } = panel;
  const avatar = panel.face ? makeAvatar(panel.face.alt) : null;
  const play = element("button", { type: "button", class: "play" }, "Play");
  const clockText = element("span", { class: "clock" });
  const readout = element("p", { class: "readout" });
  const track = element("div", { class: "track" });
  const cursor = element("div", {
    class: "cursor", tabindex: 0, role: "slider", "aria-label": `${panel.title}: ${panel.unit.toLowerCase()}s`,
    "aria-valuemin": 1, "aria-valuemax": panel.count, "aria-orientation": "horizontal",
  });
  track.style.setProperty("--least", `${panel.count * (panel.words.length === 0 ? 1.15 : axis === "time" ? 1.9 : 1.5)}rem`);
  const view = { board, panel, clock, track, cursor, readout, play, clockText, avatar };
  const pick = (lane) => { board.lane = lane; board.views.forEach(shade); };
  const words = chips(panel, axis);
  track.append(words, ...panel.lanes.map((lane, i) => laneRow(panel, axis, lane, i, pick)), ...seconds(panel, axis), cursor);
  const scroller = element("div", { class: "scroller" }, track);
  const plays = panel.audio || panel.words.length > 0;
  const transport = element("div", { class: "transport" }, plays ? [play, clockText] : [clockText]);
  const reading = board.data.panels.length > 1 ? [element("p", { class: "note" }, panel.reading)] : [];
  const beside = element("div", { class: "beside" }, [element("h3", {}, panel.title), element("p", { class: "note" }, panel.note), ...reading, ...scores(panel), ...scoreScale(panel.scale), transport]);
  const stage = element("div", { class: "stage" }, avatar ? [avatar.svg, beside] : [beside]);
  view.box = element("section", { class: "panel", "aria-label": panel.title }, [stage, scroller, readout]);
  view.words = words;
  play.onclick = () => toggle(view);
  listen(board, view);
  return view;
}

function toggle(view) {
  if (view.clock.playing) view.clock.pause();
  else view.clock.play();
}

/** The words take the colour of the lane in question, the deeper the more flows there. */
function shade(view) {
  const lane = view.panel.lanes[Math.min(view.board.lane, view.panel.lanes.length - 1)];
  for (const chip of view.words.children) {
    chip.style.setProperty("--shade", Math.min(1, Math.abs(lane.values[chip.dataset.step]) / (lane.top || 1)).toFixed(3));
  }
  view.words.className = `words ${lane.hue}`;
  view.words.dataset.lane = lane.name;
  view.track.querySelectorAll(".lane").forEach((row) => row.classList.toggle("chosen", row.dataset.lane === lane.name));
}

function mark(view, kind, step) {
  view.track.querySelectorAll(`.${kind}`).forEach((node) => node.classList.remove(kind));
  if (step === null) return;
  view.track.querySelectorAll(`[data-step="${step}"]`).forEach((node) => node.classList.add(kind));
}

/** Draw one panel at the time of its clock. */
function tick(view) {
  const { panel, clock } = view;
  const seconds = clock.time();
  const step = stepAt(panel, seconds);
  view.cursor.style.left = `${cursorAt(panel, panel.axis, seconds)}%`;
  view.track.dataset.time = seconds.toFixed(3);
  if (view.track.dataset.step !== String(step)) {
    view.track.dataset.step = step;
    mark(view, "now", step);
    view.cursor.setAttribute("aria-valuenow", step + 1);
    view.cursor.setAttribute("aria-valuetext", describe(panel, step));
    if (view.hovered === undefined || view.hovered === null) view.readout.textContent = describe(panel, step);
    follow(view);
  }
  view.clockText.textContent = panel.timed ? `${seconds.toFixed(1)} s of ${panel.duration.toFixed(1)} s` : `${panel.unit.toLowerCase()} ${step + 1} of ${panel.count}`;
  const said = clock.playing ? "Pause" : "Play";
  if (view.play.textContent !== said) view.play.textContent = said;
  if (view.avatar) view.avatar.pose(unitsAt(panel.face, seconds));
}

/** Keep the cursor in sight where the track is wider than the screen. */
function follow(view) {
  const scroller = view.track.parentElement;
  if (scroller.scrollWidth <= scroller.clientWidth) return;
  const x = (view.track.scrollWidth * parseFloat(view.cursor.style.left)) / 100;
  if (x < scroller.scrollLeft + 30 || x > scroller.scrollLeft + scroller.clientWidth - 60) scroller.scrollLeft = x - scroller.clientWidth / 3;
}

function hover(board, from, step) {
  for (const view of board.views) {
    if (view !== from && !board.data.linked) continue;
    view.hovered = step;
    mark(view, "over", step);
    view.readout.textContent = describe(view.panel, step === null ? Number(view.track.dataset.step) : step);
  }
}

function go(board, view, step, wait) {
  view.clock.seek(view.panel.times[step][0]);
  clearTimeout(board.timer);
  if (view.panel.leads) board.timer = setTimeout(() => { board.sent = step; board.send(step); }, wait);
}

function listen(board, view) {
  const { panel, track, cursor } = view;
  const under = (event) => {
    const node = event.composedPath().find((one) => one.dataset?.step !== undefined && one !== track);
    if (node) return Number(node.dataset.step);
    const box = track.getBoundingClientRect();
    const at = (100 * (event.clientX - box.left)) / box.width;
    let found = null;
    for (let step = 0; step < panel.count; step += 1) {
      const [left, width] = place(panel, panel.axis, step);
      if (at >= left && at <= left + width) found = step;
    }
    return found;
  };
  track.addEventListener("pointermove", (event) => { const step = under(event); if (step !== view.hovered) hover(board, view, step); });
  track.addEventListener("pointerleave", () => hover(board, view, null));
  track.addEventListener("click", (event) => { const step = under(event); if (step !== null && !event.target.closest(".name")) go(board, view, step, 0); });
  track.addEventListener("keydown", (event) => {
    const now = Number(track.dataset.step);
    const steps = { ArrowLeft: now - 1, ArrowRight: now + 1, Home: 0, End: panel.count - 1 };
    const lanes = { ArrowUp: -1, ArrowDown: 1 };
    if (event.target !== cursor) return;
    if (event.key in steps) go(board, view, Math.min(Math.max(steps[event.key], 0), panel.count - 1), 500);
    else if (event.key in lanes) {
      board.lane = Math.min(Math.max(board.lane + lanes[event.key], 0), panel.lanes.length - 1);
      board.views.forEach(shade);
    } else if (event.key === " " && (panel.audio || panel.words.length > 0)) toggle(view);
    else if (event.key === "Enter") go(board, view, now, 0);
    else return;
    event.preventDefault();
  });
}

/** The clock of a clip goes on where only the lanes under it are new. */
function clockOf(board, panel) {
  const known = board.clocks.get(panel.clip);
  if (known) return known;
  const audio = panel.audio ? element("audio", { src: panel.audio, preload: "auto" }) : null;
  if (audio) board.sounds.append(audio);
  const clock = makeClock(audio, panel.duration, () => board.views.filter((view) => view.clock === clock).forEach(tick));
  board.clocks.set(panel.clip, clock);
  return clock;
}

function forget(board, data) {
  const wanted = new Set(data.panels.map((panel) => panel.clip));
  for (const [clip, clock] of board.clocks) {
    if (wanted.has(clip)) continue;
    if (clock.playing) clock.pause();
    clock.audio?.remove();
    board.clocks.delete(clip);
  }
}

/** The visitor has gone to another page: nothing is played or sent any more. */
function stop(board) {
  clearTimeout(board.timer);
  for (const clock of board.clocks.values()) if (clock.playing) clock.pause();
}

/** Words stand upright where one of them would not fit lying down. */
function fit(board) {
  for (const view of board.views) {
    view.words.classList.remove("steep");
    const narrow = [...view.words.children].some((chip) => chip.firstChild.scrollWidth > chip.firstChild.clientWidth + 1);
    view.words.classList.toggle("steep", narrow && view.panel.words.length > 0);
  }
}

export default function (component) {
  const { parentElement, setTriggerValue } = component, data = given(component);
  const root = parentElement.querySelector(".root");
  let board = boards.get(root);
  if (!board) {
    board = { clocks: new Map(), views: [], lane: 0, sounds: element("div", { hidden: true }), frame: element("div", { class: "panels" }) };
    boards.set(root, board);
    root.replaceChildren(board.frame, board.sounds);
    new ResizeObserver(() => fit(board)).observe(root);
  }
  board.send = (step) => setTriggerValue("step", step);
  if (root.dataset.ready !== data.version) {
    const focused = board.views.findIndex((view) => view.cursor === parentElement.activeElement);
    forget(board, data);
    board.data = data;
    const fresh = data.panels.map((panel) => !board.clocks.has(panel.clip));
    board.views = data.panels.map((panel) => buildPanel(board, panel, clockOf(board, panel)));
    board.frame.replaceChildren(...board.views.map((view) => view.box));
    board.views.forEach((view, i) => {
      shade(view);
      if (fresh[i] && view.panel.leads) view.clock.seek(view.panel.times[Math.min(data.start, view.panel.count - 1)][0]);
      tick(view);
    });
    fit(board);
    root.dataset.ready = data.version;
    if (focused >= 0) board.views[Math.min(focused, board.views.length - 1)].cursor.focus();
  } else if (data.start !== board.start && data.start !== board.sent) {
    const lead = board.views.find((view) => view.panel.leads);
    if (lead) lead.clock.seek(lead.panel.times[Math.min(data.start, lead.panel.count - 1)][0]);
  }
  board.start = data.start;
  return () => setTimeout(() => { if (!root.isConnected) stop(board); }, 0);
}
