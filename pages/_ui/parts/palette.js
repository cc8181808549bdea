// Ctrl+K or Cmd+K opens the command palette over any page: pages and actions at once, objects as the program finds them. `?` lists
// the keyboard shortcuts: those of every page, and those that the buttons of this one show.
// Both are dialogs of the browser at the end of the body, or within the drawer that is open: that keeps the focus to itself.

const QUIET_MS = 120; // after the last key, objects are searched
const IS_MAC = /Mac|iP/.test(navigator.platform);
const EVERYWHERE = [[IS_MAC ? "⌘ K" : "Ctrl K", "Search pages, objects and actions"], ["?", "Show keyboard shortcuts"], ["Esc", "Close a dialog or a drawer"]];
const TABLES = [["↑ ↓ ← →", "Move between cells"], ["Enter", "Open the row of the cell"]];

export default function ({ data, parentElement, setStateValue, setTriggerValue }) {
  parentElement.leave?.(); // a rerun with new data calls again, and tidies up nothing
  const palette = paletteOf();
  palette.data = data;
  palette.search = (words) => setStateValue("words", words);
  palette.go = (item) => setTriggerValue("open", { page: item.page, query: item.query });
  if (palette.open) list(palette);
  parentElement.querySelector("kbd").textContent = EVERYWHERE[0][0];

  const clicked = (event) => {
    const button = event.target.closest("button");
    if (button?.name === "search") openPalette(palette);
    if (button?.name === "keys") openKeys();
  };
  const pressed = (event) => {
    if (palette.open) { paletteKey(palette, event); return; }
    if (event.isComposing || event.altKey) return;
    const isCommand = event.ctrlKey || event.metaKey;
    const isTyping = event.composedPath()[0].closest?.("input, textarea, select, [contenteditable]");
    const opens = isCommand && !event.shiftKey && event.key.toLowerCase() === "k" ? () => openPalette(palette)
      : event.key === "?" && !isCommand && !isTyping ? openKeys : null;
    if (!opens) return;
    stop(event);
    opens();
  };
  parentElement.addEventListener("click", clicked);
  window.addEventListener("keydown", pressed, true);
  return parentElement.leave = () => {
    parentElement.removeEventListener("click", clicked);
    window.removeEventListener("keydown", pressed, true);
  };
}

function stop(event) { event.preventDefault(); event.stopImmediatePropagation(); }

function make(tag, attributes = {}, ...children) {
  const made = Object.assign(document.createElement(tag), attributes.own);
  for (const [name, value] of Object.entries(attributes)) if (name !== "own") made.setAttribute(name, value);
  made.append(...children);
  return made;
}

function show(dialog) {
  for (const other of document.querySelectorAll("dialog.attune-palette")) if (other !== dialog) other.close();
  (document.querySelector('[data-testid="stDialog"] [role="dialog"]') ?? document.body).append(dialog);
  dialog.inert = false; // a drawer that opened later has made everything outside of it inert
  if (!dialog.open) dialog.showModal();
}

function paletteOf() {
  const present = document.getElementById("attune-palette");
  if (present) return present;
  const field = make("input", { type: "text", role: "combobox", "aria-label": "Search", "aria-expanded": "true", "aria-controls": "attune-found", "aria-autocomplete": "list", placeholder: "Search pages, users, conversations, requests, runs, documents, prompts", spellcheck: "false", autocomplete: "off" });
  const dialog = make("dialog", { id: "attune-palette", class: "attune-palette", "aria-label": "Search" },
    field, make("div", { id: "attune-found", role: "listbox", "aria-label": "Results" }), make("p", { role: "status" }));
  Object.assign(dialog, { field, at: 0, items: [] });
  field.addEventListener("input", () => {
    clearTimeout(dialog.timer);
    dialog.at = 0;
    list(dialog);
    dialog.timer = setTimeout(() => dialog.search(field.value.trim()), QUIET_MS);
  });
  dialog.addEventListener("click", (event) => {
    const option = event.target.closest('[role="option"]');
    if (option) choose(dialog, Number(option.dataset.number));
    else if (event.target === dialog) dialog.close();
  });
  document.body.append(dialog);
  return dialog;
}

function openPalette(palette) {
  palette.field.value = "";
  palette.at = 0;
  show(palette);
  palette.field.focus();
  list(palette);
}

function paletteKey(palette, event) {
  const moves = { ArrowDown: 1, ArrowUp: -1 };
  event.stopImmediatePropagation(); // the page behind hears nothing of what is typed here
  if (event.isComposing) return;
  if (event.key === "Escape" || ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "k")) { stop(event); palette.close(); }
  else if (event.key in moves && palette.items.length) { stop(event); palette.at = (palette.at + moves[event.key] + palette.items.length) % palette.items.length; list(palette); }
  else if (event.key === "Enter") { stop(event); choose(palette, palette.at); }
}

function choose(palette, number) {
  const item = palette.items[number];
  if (!item) return;
  clearTimeout(palette.timer); // a search that comes after would run the page again, and close what it opens
  palette.close();
  palette.go(item);
}

// What matches the words: pages and actions by any of their words, objects as they were found.
function list(palette) {
  const words = palette.field.value.trim();
  const parts = words.toLowerCase().split(/\s+/);
  const commands = palette.data.commands.filter((each) => parts.every((part) => each.title.toLowerCase().includes(part)));
  const isDone = palette.data.words === words || words.length < palette.data.least;
  palette.items = [...commands, ...(palette.data.words === words ? palette.data.found : [])];
  palette.at = Math.min(palette.at, Math.max(palette.items.length - 1, 0));
  const groups = Map.groupBy(palette.items, (item) => item.group);
  const drawn = [...groups].map(([name, items]) => make("div", { role: "group", "aria-label": name }, make("div", { class: "attune-group", "aria-hidden": "true" }, name), ...items.map((item) => option(palette, item))));
  document.getElementById("attune-found").replaceChildren(...drawn);
  palette.querySelector('[aria-selected="true"]')?.scrollIntoView({ block: "nearest" });
  palette.field.setAttribute("aria-activedescendant", palette.items.length ? `attune-option-${palette.at}` : "");
  const count = palette.items.length === 1 ? "1 result" : `${palette.items.length} results`;
  palette.querySelector('[role="status"]').textContent = !isDone ? "Searching…" : palette.items.length ? count : `No results for "${words}"`;
}

function option(palette, item) {
  const number = palette.items.indexOf(item);
  return make("div", { role: "option", id: `attune-option-${number}`, "data-number": number, "aria-selected": String(number === palette.at) },
    make("span", { class: "attune-icon", "aria-hidden": "true" }, item.icon), make("span", {}, item.title), make("small", {}, item.note ?? ""));
}

// A page that explains its own shortcuts has a button for that.
function pageShortcuts() { return document.querySelector(".st-key-page-shortcuts button"); }

function ownKeys() {
  const buttons = [...document.querySelectorAll(".stMain button, [data-testid='stDialog'] button")].filter((button) => button.querySelector("kbd"));
  const named = buttons.map((button) => [button.querySelector("kbd").textContent, (button.querySelector('[data-testid="stMarkdownContainer"]') ?? button).textContent]);
  return [...new Map(named.map(([key, name]) => [key, [key, name]])).values()];
}

function openKeys() {
  const own = pageShortcuts();
  if (own) { own.click(); return; }
  const table = (title, rows) => (rows.length ? [make("h3", {}, title), make("dl", {}, ...rows.map(([key, name]) => make("div", {}, make("dt", {}, make("kbd", {}, key)), make("dd", {}, name))))] : []);
  const close = make("button", { type: "button", class: "attune-close" }, "Close");
  const dialog = make("dialog", { class: "attune-palette", "aria-label": "Keyboard shortcuts" },
    make("h2", {}, "Keyboard shortcuts"), ...table("Every page", EVERYWHERE), ...table("Tables", TABLES), ...table("This page", ownKeys()), close);
  close.addEventListener("click", () => dialog.close());
  dialog.addEventListener("click", (event) => { if (event.target === dialog) dialog.close(); });
  dialog.addEventListener("keydown", (event) => event.stopPropagation());
  dialog.addEventListener("close", () => dialog.remove());
  show(dialog);
  close.focus();
}
