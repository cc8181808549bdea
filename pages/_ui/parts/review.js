// While one writes: the change against the original, a draft that is kept, and keys that choose and lead to the fields.
// Single keys do nothing while one types, and nothing at all where they are switched off; Escape leaves a field.
// What is typed between one item and the next is for the next, which is neither saved nor skipped before it is on screen.
// What is saved right after the user's edit was taken is saved with it.

const MOST_WORDS = 1500; // of what differs; more is shown as one change
const QUIET_MS = 500; // after the last key, the draft is kept
const SAVE = ".st-key-review-save button", ADOPT = ".st-key-review-adopt button";
const WAYS = `${SAVE}, ${["Next", "Previous", "Skip"].map((name) => `.st-key-review-${name} button`).join(", ")}`;
const WAY_KEYS = { j: "Next", k: "Previous", s: "Skip", u: "undo" };
const PATIENCE_MS = 10000; // after which keys no longer wait for the next item

export default function ({ data, parentElement }) {
  parentElement.leave?.(); // a rerun with new data calls again, and tidies up nothing
  const place = parentElement.querySelector(".change");
  const field = (name) => document.querySelector(`.st-key-review-${name}-${data.item} :is(textarea, input)`);
  const root = parentElement.getRootNode();
  const host = root.host ?? parentElement;
  let timer;
  let written; // as it stood when a key was pressed last: later, the fields may be those of another message

  const show = (now) => {
    // Without a text nothing else is suggested: the answer is not deleted by that.
    const isEmpty = Boolean(data.original) && !now.trim();
    place.hidden = isEmpty || now === data.original;
    const length = `${now.length.toLocaleString("en")} characters`;
    parentElement.querySelector(".count").textContent = isEmpty ? "Empty: no response suggested" : place.hidden ? "Unchanged" : length;
    if (!place.hidden) place.replaceChildren(...change(words(data.original), words(now)));
  };
  const keep = () => {
    clearTimeout(timer);
    if (!written || !data.draft) return;
    const fields = { ...data.chosen, ...written };
    written = undefined;
    fetch(data.draft, {
      method: "PUT",
      keepalive: true,
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ fields, begun_at: data.begun_at }),
    }).catch(() => { written ??= fields; });
  };
  const typed = (event) => {
    if (!event.target.closest?.('[class*="st-key-review-"]')) return;
    parentElement.typed = data.item;
    show(field("response")?.value ?? data.suggested);
    written = { suggested_response: field("response")?.value ?? "", content: field("comment")?.value ?? "" };
    clearTimeout(timer);
    timer = setTimeout(keep, QUIET_MS);
  };
  // What is being saved is no draft any longer.
  const saved = () => { written = undefined; clearTimeout(timer); };
  const goOn = (fills = false) => {
    parentElement.ahead ??= { step: data.step, until: Date.now() + PATIENCE_MS, from: typing(document.activeElement), keys: [], fills };
  };
  const clicked = (event) => {
    if (event.target.closest?.(SAVE)) saved();
    if (event.target.closest?.(WAYS)) goOn();
    if (event.target.closest?.(ADOPT)) goOn(true);
  };
  const pressed = (event) => {
    if (parentElement.ahead?.until < Date.now()) parentElement.ahead = undefined;
    if (parentElement.ahead && waits(event, parentElement.ahead)) { event.preventDefault(); event.stopPropagation(); return; }
    const isTyping = typing(event.target);
    const dialog = document.querySelector('[data-testid="stDialog"]');
    const isBehind = dialog && !dialog.contains(host);
    if (event.key === "Escape" && isTyping) {
      isTyping.blur();
      if (!dialog || isBehind) return;
      event.stopPropagation(); // it would close the drawer that the form is in
      dialog.querySelector('[role="dialog"]')?.focus(); // a drawer gives the focus back to a field that only loses it
      return;
    }
    if (isBehind) return;
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) { saved(); goOn(); }
    if (isTyping || !data.keys || event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
    const key = event.key.toLowerCase();
    if (way(key)) goOn();
    if (key === "a" && document.querySelector(ADOPT)) goOn(true);
    if (act(key, field)) { event.preventDefault(); event.stopPropagation(); }
  };

  // What was typed meanwhile is done when all fields are there; they are drawn one after the other, and the comment last.
  const arrive = () => {
    if (!field("comment") || isFilling()) { waiting = requestAnimationFrame(arrive); return; }
    const { ahead, item } = parentElement;
    parentElement.item = data.item;
    if (!ahead || ahead.step === data.step) return;
    parentElement.ahead = undefined;
    // What was refused stays on screen: whoever was writing there writes on.
    if (item === data.item && ahead.from?.isConnected) write(ahead.from, ahead.keys);
    else if (data.keys) replay(ahead.keys, field);
    if (ahead.saves) document.querySelector(SAVE)?.click();
  };
  // Until the field has the user's edit, saving would send what it had before.
  const isFilling = () => {
    const { ahead } = parentElement;
    if (!ahead?.fills || ahead.step === data.step || ahead.until < Date.now()) return false;
    return field("response")?.value !== data.suggested.replace(/\r\n?/g, "\n");
  };

  // A field that was just drawn is empty for a moment: only what was typed into it says more than the page does.
  if (parentElement.typed !== data.item) parentElement.typed = undefined;
  show((parentElement.typed && field("response")?.value) ?? data.suggested);
  document.addEventListener("input", typed, true);
  document.addEventListener("keydown", pressed, true);
  document.addEventListener("click", clicked, true);
  addEventListener("pagehide", keep);
  let waiting = requestAnimationFrame(arrive);
  return parentElement.leave = () => {
    keep();
    cancelAnimationFrame(waiting);
    document.removeEventListener("input", typed, true);
    document.removeEventListener("keydown", pressed, true);
    document.removeEventListener("click", clicked, true);
    removeEventListener("pagehide", keep);
  };
}

function typing(target) { return target?.closest?.("input, textarea, select, [contenteditable]"); }

function way(key) { return key in WAY_KEYS ? document.querySelector(`.st-key-review-${WAY_KEYS[key]} button:not(:disabled)`) : null; }

// Keep a key for the item that is still to come; what saves and skips is not kept, but for saving a user's edit.
function waits(event, ahead) {
  if (event.isComposing || event.altKey) return false;
  if ((event.ctrlKey || event.metaKey) && event.key === "Enter") ahead.saves = ahead.fills;
  if (event.ctrlKey || event.metaKey) return event.key === "Enter";
  if (event.key.length !== 1) return false;
  if (event.key.toLowerCase() !== "s" || ahead.keys.some((key) => "em".includes(key.toLowerCase()))) ahead.keys.push(event.key);
  return true;
}

// Do what the keys would have done, had the item been there; what follows E or M is words.
function replay(keys, field) {
  for (const [number, pressed] of keys.entries()) {
    const key = pressed.toLowerCase();
    if (key in WAY_KEYS) { way(key)?.click(); return; }
    act(key, field);
    if (key === "a") document.querySelector(ADOPT)?.click();
    if ("em".includes(key)) { write(field(key === "e" ? "response" : "comment"), keys.slice(number + 1)); return; }
  }
}

function write(place, keys) {
  if (!place || !keys.length) return;
  place.focus();
  place.setSelectionRange?.(place.value.length, place.value.length);
  document.execCommand("insertText", false, keys.join(""));
}

// Types are 1 to 4, severities 5 to 7; E, M and T lead to the fields.
function act(key, field) {
  const choices = [...document.querySelectorAll(".st-key-review-type button, .st-key-review-severity button")];
  const types = document.querySelectorAll(".st-key-review-type button").length;
  const number = Number(key);
  if (number >= 1 && number <= 4 && number <= types) { choices[number - 1].click(); return true; }
  if (number >= 5 && number <= 7) { choices[types + number - 5]?.click(); return true; }
  const name = { e: "response", m: "comment", t: "tags" }[key];
  if (name) { field(name)?.focus(); return true; }
  return false;
}

function words(text) { return text.match(/\s+|\S+/g) ?? []; }

function change(before, after) {
  let start = 0;
  while (start < before.length && start < after.length && before[start] === after[start]) start += 1;
  let end = 0;
  while (end < before.length - start && end < after.length - start && before.at(-1 - end) === after.at(-1 - end)) end += 1;
  const gone = before.slice(start, before.length - end);
  const come = after.slice(start, after.length - end);
  return [
    ...node(null, before.slice(0, start)),
    ...(gone.length > MOST_WORDS || come.length > MOST_WORDS ? [...node("del", gone), ...node("ins", come)] : middle(gone, come)),
    ...node(null, before.slice(before.length - end)),
  ];
}

// The longest common sequence of words, from its table of lengths.
function middle(gone, come) {
  const wide = come.length + 1;
  const long = new Uint16Array((gone.length + 1) * wide);
  for (let i = gone.length - 1; i >= 0; i -= 1) {
    for (let j = come.length - 1; j >= 0; j -= 1) {
      long[i * wide + j] = gone[i] === come[j] ? long[(i + 1) * wide + j + 1] + 1 : Math.max(long[(i + 1) * wide + j], long[i * wide + j + 1]);
    }
  }
  const found = [];
  let [out, into] = [[], []];
  const close = () => { found.push(...node("del", out), ...node("ins", into)); [out, into] = [[], []]; };
  let [i, j] = [0, 0];
  while (i < gone.length || j < come.length) {
    if (i < gone.length && j < come.length && gone[i] === come[j]) {
      // A space between two changes belongs to both.
      if (!gone[i].trim() && (out.length || into.length)) { out.push(gone[i]); into.push(come[j]); } else { close(); found.push(...node(null, [gone[i]])); }
      i += 1; j += 1;
    } else if (j >= come.length || (i < gone.length && long[(i + 1) * wide + j] >= long[i * wide + j + 1])) { out.push(gone[i]); i += 1; } else { into.push(come[j]); j += 1; }
  }
  close();
  return found;
}

// Text is only ever text.
function node(name, given) {
  if (!given.length) return [];
  const text = document.createTextNode(given.join(""));
  if (!name) return [text];
  const made = document.createElement(name);
  made.append(text);
  return [made];
}
