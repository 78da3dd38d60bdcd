// A pad to draw one digit on, with a finger, a mouse or the keyboard.
const SIZE = 112;
const PEN = 10;
const STEP = 4;
const pads = new WeakMap();

function stroke(state, x, y) {
  const { context } = state;
  context.beginPath();
  context.moveTo(state.x ?? x, state.y ?? y);
  context.lineTo(x, y);
  context.stroke();
  Object.assign(state, { x, y, inked: true });
}

function place(canvas, event) {
  const box = canvas.getBoundingClientRect();
  return [((event.clientX - box.left) / box.width) * SIZE, ((event.clientY - box.top) / box.height) * SIZE];
}

function keyboard(state, event, hand) {
  const moves = { ArrowLeft: [-STEP, 0], ArrowRight: [STEP, 0], ArrowUp: [0, -STEP], ArrowDown: [0, STEP] };
  if (event.key === " ") state.down = !state.down;
  else if (event.key === "Enter") hand();
  else if (!moves[event.key]) return;
  event.preventDefault();
  const [dx, dy] = moves[event.key] ?? [0, 0];
  const x = Math.min(Math.max((state.x ?? SIZE / 2) + dx, PEN), SIZE - PEN);
  const y = Math.min(Math.max((state.y ?? SIZE / 2) + dy, PEN), SIZE - PEN);
  if (state.down) stroke(state, x, y);
  else Object.assign(state, { x, y });
}

export default function (component) {
  const { parentElement, setTriggerValue } = component, data = given(component);
  const root = parentElement.querySelector(".root");
  if (pads.has(root)) return;
  const canvas = element("canvas", { width: SIZE, height: SIZE, tabindex: 0, role: "application", "aria-label": data.label });
  const clear = element("button", { type: "button" }, "Clear");
  root.replaceChildren(element("div", { class: "pad" }, [canvas, element("div", { class: "tools" }, [clear, element("span", {}, data.hint)])]));
  const context = canvas.getContext("2d");
  const state = { context, x: null, y: null, down: false, inked: false };
  pads.set(root, state);
  const wipe = () => {
    context.fillStyle = "#000";
    context.fillRect(0, 0, SIZE, SIZE);
    Object.assign(context, { strokeStyle: "#fff", lineWidth: PEN, lineCap: "round", lineJoin: "round" });
    Object.assign(state, { x: null, y: null, inked: false, down: false });
  };
  const hand = () => { if (state.inked) setTriggerValue("drawing", canvas.toDataURL("image/png").split(",")[1]); };
  canvas.addEventListener("pointerdown", (event) => {
    canvas.setPointerCapture(event.pointerId);
    Object.assign(state, { x: null, y: null, drawing: true });
    stroke(state, ...place(canvas, event));
  });
  canvas.addEventListener("pointermove", (event) => { if (state.drawing) stroke(state, ...place(canvas, event)); });
  for (const end of ["pointerup", "pointercancel"]) canvas.addEventListener(end, () => { state.drawing = false; hand(); });
  canvas.addEventListener("keydown", (event) => keyboard(state, event, hand));
  clear.onclick = wipe;
  wipe();
}
