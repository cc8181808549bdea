// Enter sends, with Ctrl or Cmd too. While an answer is being written one may write the next question; it waits in its field. What is
// in the field is stored with its session, for the next visit from any browser; until that is done, it outlives a reload in this tab.
// A system prompt that is being typed is stored, too: Streamlit alone would wait until its field is left.

const FIELD = '[data-testid="stChatInputTextArea"]';
const PROMPT = '[class*="st-key-playground-prompt-"] textarea';
const BUTTON = '[data-testid="stChatInputSubmitButton"]';
const NOT_ATTACHED = '[data-testid="stFileChip"][aria-invalid="true"]';
const FILES = '[data-testid="stChatInput"] input[type="file"]';
const LONGEST_PASTE = 20000; // characters: with more in it, the field would lag behind the keys, so they become a file
const QUIET_MS = 1000; // after the last key, the text is stored
const MOST_AT_THE_END = 20000; // characters that a browser sends while it closes a page: 64 KiB

export default function ({ data, parentElement, setTriggerValue }) {
  parentElement.leave?.(); // a rerun with new data calls again, and tidies up nothing
  const stop = (event) => { event.preventDefault(); event.stopPropagation(); };
  const problem = () => {
    if (data.pending) return "refused";
    if (document.querySelector(BUTTON)?.disabled) return "early"; // a file is on its way
    return document.querySelector(NOT_ATTACHED) ? "unattached" : ""; // Streamlit would send the message without it
  };
  const refuse = (event) => { stop(event); setTriggerValue(problem(), Date.now()); };
  const asked = () => {
    parentElement.unsent?.put("");
    parentElement.unsent?.store();
    document.querySelector(data.pane)?.dispatchEvent(new CustomEvent("attune-asked"));
  };

  const pressed = (event) => {
    const field = event.target.closest?.(FIELD);
    if (!field || event.isComposing) return;
    if (event.key === "Escape") document.querySelector('[class*="st-key-stop-"] button')?.click();
    if (event.key !== "Enter" || event.shiftKey || !field.value.trim()) return;
    if (problem()) { refuse(event); return; }
    asked();
    if (event.ctrlKey || event.metaKey) { stop(event); document.querySelector(BUTTON)?.click(); }
  };
  const clicked = (event) => {
    if (!event.target.closest?.(BUTTON)) return;
    if (problem()) refuse(event); else asked();
  };
  const typed = (event) => {
    if (event.target.closest?.(PROMPT)) {
      clearTimeout(sending);
      sending = setTimeout(sendText, QUIET_MS, event.target);
    }
    if (!event.target.closest?.(FIELD)) return;
    parentElement.unsent?.put(event.target.value);
    estimate(data.estimate, event.target.value);
  };
  const pasted = (event) => {
    const words = event.clipboardData?.getData("text/plain") ?? "", files = document.querySelector(FILES);
    if (!event.target.closest?.(FIELD) || !data.attach || !files || words.length <= LONGEST_PASTE) return;
    stop(event);
    const chosen = new DataTransfer();
    chosen.items.add(new File([words], "pasted-text.txt", { type: "text/plain" }));
    files.files = chosen.files;
    files.dispatchEvent(new Event("change", { bubbles: true }));
  };
  const left = () => { if (document.visibilityState === "hidden") parentElement.unsent?.store(); };

  // The field may come a moment later than this part, and after a switch it still has the text of the session before.
  const arrive = () => {
    const field = document.querySelector(FIELD);
    if (!field) { waiting = requestAnimationFrame(arrive); return; }
    document.querySelector(BUTTON)?.toggleAttribute("data-waiting", Boolean(data.pending));
    const before = parentElement.unsent;
    if (before?.session !== data.session) {
      before?.store();
      const unsent = parentElement.unsent = keeper(data.session, data.unsent);
      if (before || !field.value) write(field, unsent.words); else unsent.put(field.value);
      unsent.store();
    }
    // What could not be sent is put back by the page, which no key tells of.
    checking = setTimeout(() => { if (field.isConnected) parentElement.unsent.put(field.value); }, QUIET_MS);
    estimate(data.estimate, field.value);
  };

  let checking, sending, waiting;
  arrive();
  document.addEventListener("keydown", pressed, true);
  document.addEventListener("click", clicked, true);
  document.addEventListener("input", typed, true);
  document.addEventListener("paste", pasted, true);
  document.addEventListener("visibilitychange", left);
  addEventListener("pagehide", left);
  return parentElement.leave = () => {
    cancelAnimationFrame(waiting);
    clearTimeout(checking);
    parentElement.unsent?.store();
    document.removeEventListener("keydown", pressed, true);
    document.removeEventListener("click", clicked, true);
    document.removeEventListener("input", typed, true);
    document.removeEventListener("paste", pasted, true);
    document.removeEventListener("visibilitychange", left);
    removeEventListener("pagehide", left);
  };
}

// Has Streamlit send the text of a field, as Ctrl+Enter does; if that has not changed, nothing happens.
function sendText(field) {
  field.dispatchEvent(new KeyboardEvent("keydown", { key: "Enter", code: "Enter", ctrlKey: true, bubbles: true }));
}

// About what the message would cost: with all that is sent besides it, and the longest answer. Characters beyond ASCII take more
// tokens; as on the server, four bytes are one.
function estimate(facts, words) {
  const place = document.querySelector(".attune-estimate");
  if (!place) return;
  if (!facts) { place.textContent = ""; return; }
  const tokens = facts.tokens + Math.ceil(new TextEncoder().encode(words).length / 4);
  const parts = [`About ${tokens.toLocaleString("en-US")} tokens`];
  if (facts.input !== null && facts.most) {
    const usd = (tokens * facts.input + facts.most * facts.output) / 1e6;
    parts.push(`at most ${usd ? `$${usd.toFixed(usd < .1 ? 4 : 2)}` : "$0"}`);
  }
  place.textContent = parts.join(" \u00b7 ");
}

// Stores the text of a session's field, one request at a time; a refused one is repeated with the next key or visit.
function keeper(session, stored) {
  const place = `attune.${session}`;
  const unsent = { session, words: sessionStorage.getItem(place) ?? stored };
  let timer, isStoring;
  unsent.put = (words) => {
    if (words === unsent.words) return;
    unsent.words = words;
    sessionStorage.setItem(place, words);
    clearTimeout(timer);
    timer = setTimeout(unsent.store, QUIET_MS);
  };
  unsent.store = () => {
    clearTimeout(timer);
    if (isStoring || unsent.words === stored) return;
    const words = unsent.words;
    isStoring = true;
    put(session, words).then((isStored) => {
      isStoring = false;
      if (isStored) stored = words;
      if (unsent.words === stored) sessionStorage.removeItem(place);
      else if (isStored) unsent.store();
    });
  };
  return unsent;
}

function put(session, message) {
  return fetch(`/api/v1/sessions/${session}/unsent-message`, {
    method: "PUT",
    keepalive: message.length <= MOST_AT_THE_END,
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ message }),
  }).then((answer) => answer.ok, () => false);
}

// React hears of a value only from the element's own setter and an event.
function write(field, words) {
  if (field.value === words) return;
  Object.getOwnPropertyDescriptor(HTMLTextAreaElement.prototype, "value").set.call(field, words);
  field.dispatchEvent(new Event("input", { bubbles: true }));
}
