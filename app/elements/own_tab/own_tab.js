const EMBEDDED = ["embed", "embed_options"];

/** Whether a page of another site shows this one. */
function foreign() {
  if (window.top === window.self) return false;
  try {
    return window.top.location.origin !== window.location.origin;
  } catch {
    return true; // what another site may not be asked
  }
}

export default function (component) {
  const { parentElement } = component, data = given(component);
  const root = parentElement.querySelector(".root");
  if (root.firstChild || !foreign()) return;
  const link = element("a", { target: "_blank", rel: "noopener" }, data.link);
  const here = () => {
    const page = new URL(window.location.href);
    EMBEDDED.forEach((name) => page.searchParams.delete(name));
    link.href = page.href;
  };
  here();
  for (const event of ["pointerenter", "focus", "click"]) link.addEventListener(event, here);
  // The page keeps no room for what most visitors never see.
  root.getRootNode().host.closest('[class*="st-key-own_tab_"]').style.position = "static";
  root.append(element("p", { role: "note" }, [`${data.said} `, link, "."]));
}
