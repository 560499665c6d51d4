"use strict";
(() => {
  const all = (selector, from = document) => [...from.querySelectorAll(selector)];
  const byId = (id) => document.getElementById(id);

  // Light or dark: as the system has it, until somebody says otherwise.
  const root = document.documentElement;
  const toggle = byId("theme");
  const system = window.matchMedia("(prefers-color-scheme: dark)");
  const kept = (value) => {
    try {
      if (value) localStorage.setItem("fuzzseq-theme", value);
      return localStorage.getItem("fuzzseq-theme");
    } catch {
      return value;
    }
  };
  const theme = () => root.dataset.theme || (system.matches ? "dark" : "light");
  const told = () => {
    const other = theme() === "dark" ? "Light" : "Dark";
    toggle.textContent = other;
    toggle.setAttribute("aria-label", `${other} colors`);
  };
  const before = kept();
  if (before === "dark" || before === "light") root.dataset.theme = before;
  toggle.addEventListener("click", () => {
    root.dataset.theme = theme() === "dark" ? "light" : "dark";
    kept(root.dataset.theme);
    told();
  });
  system.addEventListener("change", told);
  toggle.hidden = false;
  told();

  // Search and filter.
  const articles = all("article.finding");
  const form = byId("filter");
  if (form) {
    const texts = new Map();
    const text = (article) => {
      if (!texts.has(article)) texts.set(article, `${article.textContent.toLowerCase()} ${article.dataset.words}`);
      return texts.get(article);
    };
    const chosen = (name) => {
      const boxes = all(`input[name=${name}]`, form);
      return boxes.length ? new Set(boxes.filter((box) => box.checked).map((box) => box.value)) : null;
    };
    const filter = () => {
      const words = byId("search").value.toLowerCase().split(/\s+/).filter(Boolean);
      const severities = chosen("severity");
      const groups = chosen("group");
      let shown = 0;
      for (const article of articles) {
        article.hidden = !(
          (!severities || severities.has(article.dataset.severity)) &&
          (!groups || groups.has(article.dataset.group)) &&
          words.every((word) => text(article).includes(word))
        );
        shown += !article.hidden;
      }
      byId("shown").textContent = `${shown} of ${articles.length} findings shown`;
    };
    form.addEventListener("input", filter);
    form.addEventListener("submit", (event) => event.preventDefault());
    form.hidden = false;
    const unfold = byId("unfold");
    unfold.addEventListener("click", () => {
      const open = unfold.textContent === "Open all";
      for (const article of articles) article.querySelector("details").open = open;
      unfold.textContent = open ? "Close all" : "Open all";
    });
  }

  // A link to a finding, or what is inside one, opens it.
  const opened = () => {
    let place = location.hash.length > 1 ? byId(decodeURIComponent(location.hash.slice(1))) : null;
    if (!place) return;
    const inside = place.matches("article.finding") ? place.querySelector("details") : place.closest("details");
    if (inside) inside.open = true;
    place.scrollIntoView();
  };
  window.addEventListener("hashchange", opened);
  opened();

  // Failure maps: the cases of the cell that is pointed at, or that has the focus; arrow keys between cells.
  const results = { s: "fails", p: "passes", o: "fails differently", n: "does not reach the check" };
  const cased = (map, button) => {
    const facts = map.dataset.facts.split(" ");
    const minimal = map.dataset.minimal.split(" ");
    const fact = (name, value) => ({ yes: name, no: `not ${name}` })[value] || `${name} = ${value}`;
    const axes = [map.dataset.down, map.dataset.across].filter(Boolean);
    const one = (text) => {
      if (text.startsWith("+")) return `and ${text.slice(1)} more`;
      const [result, ...values] = text.split(" ");
      const unlike = facts.map((name, at) => [name, values[at], values[at] !== minimal[at]]);
      const told = unlike.filter(([name, , other]) => other && !axes.includes(name));
      const rest = told.length ? `with ${told.map(([name, value]) => fact(name, value)).join(", ")}` : "";
      return `${results[result]} ${rest || "with all else as in the minimal example"}`;
    };
    const texts = button.value.split(";");
    const at = axes.map((name) => fact(name, texts[0].split(" ")[facts.indexOf(name) + 1]));
    const here = button.classList.contains("minimal") ? " (minimal example)" : "";
    return `${at.join(", ")}${here}: ${texts.map(one).join("; ")}.`;
  };
  const along = (button, key) => {
    const row = button.closest("tr");
    const at = button.closest("td").cellIndex;
    const rows = [...row.parentElement.rows];
    const place = rows.indexOf(row);
    const column = (some) => some.map((other) => other.cells[at]);
    const cells = {
      ArrowLeft: () => [...row.cells].slice(0, at).reverse(),
      ArrowRight: () => [...row.cells].slice(at + 1),
      ArrowUp: () => column(rows.slice(0, place).reverse()),
      ArrowDown: () => column(rows.slice(place + 1)),
    };
    return cells[key] && cells[key]().map((cell) => cell.querySelector("button")).find(Boolean);
  };
  const ready = (map) => {
    if (map.dataset.ready) return;
    map.dataset.ready = "yes";
    const buttons = all("button", map);
    const output = map.querySelector(".told");
    buttons.forEach((button, number) => {
      button.tabIndex = number ? -1 : 0;
      button.setAttribute("aria-label", cased(map, button));
    });
    const tell = (event) => {
      const button = event.target.closest("button");
      if (button) output.textContent = button.getAttribute("aria-label");
      return button;
    };
    map.addEventListener("mouseover", tell);
    map.addEventListener("focusin", (event) => {
      const button = tell(event);
      if (button) for (const other of buttons) other.tabIndex = other === button ? 0 : -1;
    });
    map.addEventListener("keydown", (event) => {
      const next = event.target.matches("button") && along(event.target, event.key);
      if (!next) return;
      event.preventDefault();
      next.focus();
    });
  };
  // Those of closed findings wait until they are opened: there may be thousands of cells.
  for (const map of all("figure.map")) {
    const details = map.closest("details");
    if (details.open) ready(map);
    else details.addEventListener("toggle", () => ready(map), { once: true });
  }

  // Commands to copy; where the clipboard is closed, the command is selected instead.
  for (const button of all("button.copy")) {
    button.addEventListener("click", async () => {
      const code = button.previousElementSibling;
      try {
        await navigator.clipboard.writeText(code.textContent);
        button.textContent = "Copied";
      } catch {
        window.getSelection().selectAllChildren(code);
        button.textContent = "Selected";
      }
      window.setTimeout(() => {
        button.textContent = "Copy";
      }, 2000);
    });
  }

  // On paper everything is open.
  let closed = [];
  window.addEventListener("beforeprint", () => {
    closed = all("details:not([open])");
    for (const details of closed) details.open = true;
  });
  window.addEventListener("afterprint", () => {
    for (const details of closed) details.open = false;
  });
})();
