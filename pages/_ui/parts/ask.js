// Enter sends, with Ctrl or Cmd too. While an answer is being written one may write the next question; it waits in its field.

const FIELD = '[data-testid="stChatInputTextArea"]';
const BUTTON = '[data-testid="stChatInputSubmitButton"]';

export default function ({ data, parentElement, setTriggerValue }) {
  parentElement.leave?.(); // a rerun with new data calls again, and tidies up nothing
  const stop = (event) => { event.preventDefault(); event.stopPropagation(); };
  const refuse = (event) => { stop(event); setTriggerValue("refused", Date.now()); };
  const asked = () => document.querySelector(data.pane)?.dispatchEvent(new CustomEvent("attune-asked"));

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

  document.querySelector(BUTTON)?.toggleAttribute("data-waiting", Boolean(data.pending));
  document.addEventListener("keydown", pressed, true);
  document.addEventListener("click", clicked, true);
  return parentElement.leave = () => {
    document.removeEventListener("keydown", pressed, true);
    document.removeEventListener("click", clicked, true);
  };
}
