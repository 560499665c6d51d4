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
    toggle.setAttribute("aria-label", `${other} colours`);
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

  // Failure maps: the case of the cell that is pointed at, or that has the focus; arrow keys between cells.
  for (const map of all("figure.map")) {
    const output = map.querySelector(".told");
    const heads = all("thead tr:last-child > *", map).map((head) => head.textContent);
    const buttons = all("button", map);
    const tell = (button) => {
      const row = button.closest("tr");
      const at = button.closest("td").cellIndex;
      const down = map.dataset.down ? `${map.dataset.down} = ${row.cells[0].textContent}, ` : "";
      output.textContent = `${down}${map.dataset.across} = ${heads[at]}: ${button.getAttribute("aria-label")}`;
    };
    const along = (button, key) => {
      const row = button.closest("tr");
      const at = button.closest("td").cellIndex;
      const rows = [...row.parentElement.rows];
      const cells = { ArrowLeft: [...row.cells].slice(0, at).reverse(), ArrowRight: [...row.cells].slice(at + 1) };
      const place = rows.indexOf(row);
      const column = (some) => some.map((one) => one.cells[at]);
      cells.ArrowUp = column(rows.slice(0, place).reverse());
      cells.ArrowDown = column(rows.slice(place + 1));
      return (cells[key] || []).map((cell) => cell.querySelector("button")).find(Boolean);
    };
    buttons.forEach((button, number) => {
      button.tabIndex = number ? -1 : 0;
    });
    map.addEventListener("mouseover", (event) => {
      const button = event.target.closest("button");
      if (button) tell(button);
    });
    map.addEventListener("focusin", (event) => {
      const button = event.target.closest("button");
      if (!button) return;
      for (const other of buttons) other.tabIndex = other === button ? 0 : -1;
      tell(button);
    });
    map.addEventListener("keydown", (event) => {
      const next = event.target.matches("button") && along(event.target, event.key);
      if (!next) return;
      event.preventDefault();
      next.focus();
    });
  }

  // Commands to copy; where the clipboard is closed, the command is selected instead.
  for (const button of all("button.copy")) {
    button.addEventListener("click", async () => {
      const code = byId(button.dataset.copy);
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
