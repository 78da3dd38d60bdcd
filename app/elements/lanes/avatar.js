// A face drawn from action units: brow and nod from -1 to 1, gaze from -1 (left) to 1, smile, frown and jaw from 0 to 1.
const FACE = { brow: 0, smile: 0, frown: 0, jaw: 0, gaze: 0, nod: 0 };

function makeAvatar(alt) {
  const part = (tag, name, attributes = {}) => shape(tag, { class: name, ...attributes });
  const parts = {
    left: part("path", "brow"),
    right: part("path", "brow"),
    pupils: [part("circle", "pupil", { r: 5.2 }), part("circle", "pupil", { r: 5.2 })],
    cheeks: [part("circle", "cheek", { cx: 60, cy: 122, r: 13 }), part("circle", "cheek", { cx: 140, cy: 122, r: 13 })],
    mouth: part("path", "mouth"),
    crease: part("path", "crease"),
    jaw: part("path", "skin"),
  };
  const features = shape("g", {}, [
    ...parts.cheeks,
    part("ellipse", "eye", { cx: 74, cy: 94, rx: 12.5, ry: 9.5 }),
    part("ellipse", "eye", { cx: 126, cy: 94, rx: 12.5, ry: 9.5 }),
    ...parts.pupils, parts.left, parts.right, parts.crease,
    part("path", "nose", { d: "M100,98 q-7,18 -1,21 q4,1.6 7,-1" }),
    parts.mouth,
  ]);
  const head = shape("g", {}, [
    part("ellipse", "skin", { cx: 39, cy: 104, rx: 8, ry: 13 }),
    part("ellipse", "skin", { cx: 161, cy: 104, rx: 8, ry: 13 }),
    parts.jaw,
    part("path", "hair", { d: "M39,96 C36,48 66,26 100,26 C134,26 164,48 161,96 C154,70 140,60 122,57 C98,66 66,62 52,70 C45,76 41,84 39,96 Z" }),
    features,
  ]);
  const svg = shape("svg", { viewBox: "14 14 172 182", role: "img", "aria-label": alt, class: "avatar" }, [
    part("path", "body", { d: "M34,200 C40,182 66,176 84,174 L84,158 L116,158 L116,174 C134,176 160,182 166,200 Z" }),
    head,
  ]);
  const pose = (units) => {
    const face = { ...FACE, ...units };
    const brow = -7 * face.brow;
    const inner = 8 * face.frown;
    parts.left.setAttribute("d", `M58,${79 + brow} Q74,${71 + brow} 88,${78 + brow + inner}`);
    parts.right.setAttribute("d", `M112,${78 + brow + inner} Q126,${71 + brow} 142,${79 + brow}`);
    parts.pupils.forEach((pupil, i) => {
      pupil.setAttribute("cx", (i ? 126 : 74) + 5.5 * face.gaze);
      pupil.setAttribute("cy", 94.5);
    });
    const bend = face.smile - face.frown;
    const corner = 137 - 5 * bend;
    const half = 20 + 6 * face.smile - 2 * face.jaw;
    const curve = corner + 15 * bend;
    const open = 2.5 + 19 * face.jaw;
    parts.mouth.setAttribute("d", `M${100 - half},${corner} Q100,${curve - 1} ${100 + half},${corner} Q100,${curve + open} ${100 - half},${corner} Z`);
    parts.jaw.setAttribute("d", `M39,92 C39,${140 + 4 * face.jaw} 62,${170 + 7 * face.jaw} 100,${170 + 7 * face.jaw} C138,${170 + 7 * face.jaw} 161,${140 + 4 * face.jaw} 161,92 C160,54 136,32 100,32 C64,32 40,54 39,92 Z`);
    parts.crease.setAttribute("d", "M96,80 l-1,7 M104,80 l1,7");
    parts.crease.setAttribute("opacity", Math.max(0, Math.min(1, face.frown * 1.2)));
    for (const cheek of parts.cheeks) cheek.setAttribute("opacity", Math.max(0, Math.min(0.55, face.smile * 0.55)));
    head.setAttribute("transform", `translate(0 ${5 * face.nod})`);
    features.setAttribute("transform", `translate(0 ${6 * face.nod})`);
    svg.dataset.pose = Object.values(face).map((unit) => unit.toFixed(2)).join(" ");
  };
  pose({});
  return { svg, pose };
}

/** Action units at a time, between two samples of their curves. */
function unitsAt(face, seconds) {
  const units = {};
  for (const [name, curve] of Object.entries(face.curves)) {
    const place = Math.min(Math.max(seconds * face.rate, 0), curve.length - 1);
    const before = Math.floor(place);
    const after = Math.min(before + 1, curve.length - 1);
    units[name] = curve[before] + (place - before) * (curve[after] - curve[before]);
  }
  return units;
}
