// The address of the page holds everything that is on it.
export default function (component) {
  const { parentElement } = component, { without } = given(component);
  const root = parentElement.querySelector(".root");
  if (root.firstChild) return;
  const said = element("p", { role: "status" }, "Opens this page as it is shown.");
  const button = element("button", { type: "button" }, "Copy link");
  button.onclick = async () => {
    const page = new URL(window.location.href);
    for (const name of without) page.searchParams.delete(name);
    const address = page.href;
    try {
      await navigator.clipboard.writeText(address);
      said.textContent = "Copied.";
    } catch {
      const field = element("input", { readonly: true, "aria-label": "Link to this page", value: address });
      said.replaceChildren("Copy it from here:", field);
      field.select();
    }
  };
  root.append(button, said);
}
