// Enter sends, with Ctrl or Cmd too. While an answer is being written one may write the next question; it waits in its field, and
// what is in the field outlives a reload.

const FIELD = '[data-testid="stChatInputTextArea"]';
const BUTTON = '[data-testid="stChatInputSubmitButton"]';

export default function ({ data, parentElement, setTriggerValue }) {
  parentElement.leave?.(); // a rerun with new data calls again, and tidies up nothing
  const stop = (event) => { event.preventDefault(); event.stopPropagation(); };
  const refuse = (event) => { stop(event); setTriggerValue("refused", Date.now()); };
  const asked = () => {
    keep(data.session, "");
    document.querySelector(data.pane)?.dispatchEvent(new CustomEvent("attune-asked"));
  };

  const pressed = (event) => {
    const field = event.target.closest?.(FIELD);
    if (!field || event.isComposing) return;
    if (event.key === "Escape") document.querySelector('[class*="st-key-stop-"] button')?.click();
    if (event.key !== "Enter" || event.shiftKey || !field.value.trim()) return;
    if (data.pending) { refuse(event); return; }
    asked();
    if (event.ctrlKey || event.metaKey) { stop(event); document.querySelector(BUTTON)?.click(); }
  };
  const clicked = (event) => {
    if (!event.target.closest?.(BUTTON)) return;
    if (data.pending) refuse(event); else asked();
  };
  const typed = (event) => { if (event.target.closest?.(FIELD)) keep(data.session, event.target.value); };

  document.querySelector(BUTTON)?.toggleAttribute("data-waiting", Boolean(data.pending));
  restore(data.session, document.querySelector(FIELD));
  document.addEventListener("keydown", pressed, true);
  document.addEventListener("click", clicked, true);
  document.addEventListener("input", typed, true);
  return parentElement.leave = () => {
    document.removeEventListener("keydown", pressed, true);
    document.removeEventListener("click", clicked, true);
    document.removeEventListener("input", typed, true);
  };
}

// For this tab only: what is written here is not left behind on the machine.
function keep(session, words) {
  if (words) sessionStorage.setItem(`attune.${session}`, words); else sessionStorage.removeItem(`attune.${session}`);
}

function restore(session, field) {
  const words = sessionStorage.getItem(`attune.${session}`);
  if (!words || !field || field.value) return;
  // React hears of a value only from the element's own setter and an event.
  Object.getOwnPropertyDescriptor(HTMLTextAreaElement.prototype, "value").set.call(field, words);
  field.dispatchEvent(new Event("input", { bubbles: true }));
}
