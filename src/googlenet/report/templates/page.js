"use strict";
document.documentElement.classList.add("scripted");

// A table of the class "sortable": its headings become buttons that sort it. Cells may give the value in data-value.
for (const table of document.querySelectorAll("table.sortable")) {
  const body = table.tBodies[0];
  const value = (row, column) => row.cells[column].dataset.value ?? row.cells[column].textContent.trim();
  const compare = (one, other) => {
    const [first, second] = [Number(one), Number(other)];
    if (one === "" || other === "") return (one === "") - (other === "");  // what has no value comes last
    return Number.isNaN(first) || Number.isNaN(second) ? one.localeCompare(other) : first - second;
  };
  const headings = [...table.tHead.rows[0].cells];
  headings.forEach((heading, column) => {
    const button = document.createElement("button");
    button.type = "button";
    button.append(...heading.childNodes);
    heading.append(button);
    button.addEventListener("click", () => {
      const descending = heading.ariaSort ? heading.ariaSort === "ascending" : heading.classList.contains("number");
      headings.forEach((other) => other.removeAttribute("aria-sort"));
      heading.setAttribute("aria-sort", descending ? "descending" : "ascending");
      const rows = [...body.rows].sort((one, other) => {
        const [first, second] = [value(one, column), value(other, column)];
        const order = compare(first, second);
        return first === "" || second === "" ? order : descending ? -order : order;
      });
      body.append(...rows);
    });
  });
}

// The confusion matrix: a cell shows the pictures behind it, arrow keys walk over the cells, a choice orders the classes.
const matrix = document.querySelector("table.matrix");
if (matrix) {
  const size = Number(matrix.dataset.classes);
  const links = () => [...matrix.querySelectorAll("tbody a")];
  const initial = document.querySelector(".panel.open");
  let opened = initial && matrix.querySelector(`a[href="#${initial.id}"]`);

  const close = () => {
    if (!opened) return;
    document.getElementById(opened.hash.slice(1)).classList.remove("open");
    opened.setAttribute("aria-expanded", "false");
    opened = null;
  };
  const open = (link) => {
    close();
    const panel = document.getElementById(link.hash.slice(1));
    panel.classList.add("open");
    link.setAttribute("aria-expanded", "true");
    opened = link;
    panel.querySelector("h3").focus({ preventScroll: true });
    panel.scrollIntoView({ block: "nearest" });
  };
  const makeOnlyStop = (link) => {
    for (const other of links()) other.tabIndex = other === link ? 0 : -1;
  };

  for (const link of links()) link.setAttribute("aria-expanded", String(link === opened));
  if (links().length) makeOnlyStop(links()[0]);
  matrix.addEventListener("click", (event) => {
    const link = event.target.closest("a");
    if (!link) return;
    event.preventDefault();
    makeOnlyStop(link);
    open(link);
  });
  matrix.addEventListener("keydown", (event) => {
    const step = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] }[event.key];
    const link = event.target.closest("a");
    if (event.key === " " && link) {
      event.preventDefault();
      open(link);
    }
    if (!step || !link) return;
    event.preventDefault();
    const rows = matrix.tBodies[0].rows;
    let [row, column] = [link.closest("tr").sectionRowIndex, link.closest("td").cellIndex];
    for (;;) {  // to the next cell in that direction that has pictures
      row += step[0];
      column += step[1];
      if (row < 0 || row >= size || column < 1 || column > size) return;
      const next = rows[row].cells[column].querySelector("a");
      if (next) {
        makeOnlyStop(next);
        next.focus();
        return;
      }
    }
  });
  for (const panel of document.querySelectorAll(".panel")) {
    const back = (event) => {
      event.preventDefault();
      const link = opened;
      close();
      if (link) link.focus();
    };
    panel.querySelector(".close").addEventListener("click", back);
    panel.addEventListener("keydown", (event) => event.key === "Escape" && back(event));
  }

  const headings = [...matrix.tHead.rows[0].cells];
  const rows = [...matrix.tBodies[0].rows].map((row) => ({ row, cells: [...row.cells] }));
  document.getElementById("order").addEventListener("change", (event) => {
    const order = event.target.value.split(" ").map(Number);
    const arrange = (row, cells) => row.append(cells[0], ...order.map((place) => cells[place + 1]), ...cells.slice(size + 1));
    arrange(matrix.tHead.rows[0], headings);
    for (const { row, cells } of rows) arrange(row, cells);
    matrix.tBodies[0].append(...order.map((place) => rows[place].row));
  });
}

// The atlas of a layer: a search over its units by number or by words, and arrow keys from unit to unit.
const query = document.getElementById("query");
if (query) {
  const units = [...document.querySelectorAll(".unit")];
  const found = document.getElementById("found");
  const nothing = document.querySelector(".nothing");
  const all = found.textContent;

  const search = () => {
    const text = query.value.trim().toLowerCase();
    const number = text.match(/^(?:unit\s*|#)?(\d+)$/)?.[1];
    const words = text.split(/[\s,]+/).filter(Boolean);
    const holdsAll = (one) => words.every((word) => one.includes(word));
    let shown = 0;
    for (const unit of units) {
      const fits = number ? Number(unit.dataset.number) === Number(number) : holdsAll(unit.dataset.words);
      unit.hidden = !fits;
      shown += fits;
      for (const picture of unit.querySelectorAll("[data-label]")) {
        picture.classList.toggle("fits", words.length > 0 && !number && holdsAll(picture.dataset.label));
      }
    }
    nothing.hidden = shown > 0;
    found.textContent = words.length ? `${shown} of ${all}` : all;
  };
  const clear = () => {
    query.value = "";
    search();
  };

  query.addEventListener("input", search);
  document.getElementById("search").addEventListener("submit", (event) => event.preventDefault());
  document.getElementById("clear").addEventListener("click", () => {
    clear();
    query.focus();
  });
  window.addEventListener("hashchange", () => {
    const unit = document.getElementById(location.hash.slice(1));
    if (!unit?.hidden) return;
    clear();  // a link to a unit leads there, whatever was searched for
    unit.scrollIntoView();
  });
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === "/" && document.activeElement !== query) {
      event.preventDefault();
      query.focus();
      query.select();
    } else if (event.key === "Escape" && document.activeElement === query) {
      clear();
    }
    const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    const link = event.target.closest?.(".unit h3 a");
    if (!step || !link) return;
    event.preventDefault();
    const shown = units.filter((unit) => !unit.hidden);
    shown[shown.indexOf(link.closest(".unit")) + step]?.querySelector("h3 a").focus();
  });
  if (query.value) search();  // kept by the browser when the page is loaded again
}
