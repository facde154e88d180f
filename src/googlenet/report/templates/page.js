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
