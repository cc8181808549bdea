// A system prompt that was typed and not yet taken over outlives a reload of this tab.

const FIELD = '[class*="st-key-playground-prompt-"] textarea';
const QUIET_MS = 1000;

export default function ({ data, parentElement }) {
  parentElement.leave?.(); // a rerun with new data calls again, and tidies up nothing
  const place = `attune.prompt.${data.session}`;
  const typed = (event) => {
    if (event.target.matches?.(FIELD)) sessionStorage.setItem(place, event.target.value);
  };

  // The field may come a moment later than this part, and one that the page fills in anew has the text before until then.
  const arrive = () => {
    const field = document.querySelector(FIELD);
    if (!field) { waiting = requestAnimationFrame(arrive); return; }
    const isReload = !parentElement.hasArrived, kept = sessionStorage.getItem(place);
    parentElement.hasArrived = true;
    if (isReload && kept !== null && kept !== data.text) write(field, kept); else forget();
    checking = setTimeout(forget, QUIET_MS);
  };
  const forget = () => {
    if (document.querySelector(FIELD)?.value === data.text) sessionStorage.removeItem(place);
  };

  let checking, waiting;
  arrive();
  document.addEventListener("input", typed, true);
  return parentElement.leave = () => {
    cancelAnimationFrame(waiting);
    clearTimeout(checking);
    document.removeEventListener("input", typed, true);
  };
}

// React hears of a value only from the element's own setter and an event; Streamlit takes it over when the field is left.
function write(field, words) {
  Object.getOwnPropertyDescriptor(HTMLTextAreaElement.prototype, "value").set.call(field, words);
  field.dispatchEvent(new Event("input", { bubbles: true }));
  setTimeout(() => field.dispatchEvent(new FocusEvent("focusout", { bubbles: true })));
}
