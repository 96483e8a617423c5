function compare(a, b, column, sign) {
  const [first, second] = [a, b].map((row) => row.cells[column]);
  if (first.classList.contains("text")) return sign * first.textContent.localeCompare(second.textContent, "en");
  const [x, y] = [first.dataset.key, second.dataset.key];
  if (x === "" || y === "") return (x === "") - (y === ""); // rows without a number come last
  return sign * (Number(x) - Number(y));
}

function sortBy(head) {
  const table = head.closest("table");
  const order = head.getAttribute("aria-sort") === "ascending" ? "descending" : "ascending";
  for (const other of head.parentElement.cells) other.removeAttribute("aria-sort");
  head.setAttribute("aria-sort", order);
  const body = table.tBodies[0];
  const sign = order === "ascending" ? 1 : -1;
  body.append(...[...body.rows].sort((a, b) => compare(a, b, head.cellIndex, sign)));
}

function filter(input) {
  const table = document.getElementById(input.dataset.filters);
  const rows = [...table.tBodies[0].rows];
  const wanted = input.value.trim().toLowerCase();
  for (const row of rows) row.hidden = !row.textContent.toLowerCase().includes(wanted);
  const left = rows.filter((row) => !row.hidden).length;
  document.getElementById(`${table.id}-status`).textContent = wanted ? `${left} of ${rows.length} rows` : "";
}

function listenToTables() {
  for (const button of document.querySelectorAll(".sortable thead button")) {
    button.addEventListener("click", () => sortBy(button.closest("th")));
  }
  for (const input of document.querySelectorAll("[data-filters]")) input.addEventListener("input", () => filter(input));
}

function switchTheme() {
  const root = document.documentElement;
  const system = window.matchMedia("(prefers-color-scheme: dark)");
  const button = document.getElementById("theme");
  const dark = () => (root.dataset.theme ? root.dataset.theme === "dark" : system.matches);
  const name = () => { button.textContent = dark() ? "Light page" : "Dark page"; };
  button.addEventListener("click", () => { root.dataset.theme = dark() ? "light" : "dark"; name(); });
  system.addEventListener("change", name);
  button.hidden = false;
  name();
}

// Printing opens every details element and closes it again afterwards.
function openForPrint() {
  const print = window.matchMedia("print");
  let opened = [];
  print.addEventListener("change", () => {
    if (print.matches) {
      opened = [...document.querySelectorAll("details:not([open])")];
      for (const each of opened) each.open = true;
    } else {
      for (const each of opened) each.open = false;
    }
  });
}

switchTheme();
openForPrint();
listenToTables();
