// Brings a part of the page into view and focus, once: when it is wanted anew, `token` differs.

const PATIENCE_MS = 3000; // messages are drawn one after the other

// Screen readers then read it, and Tab goes on from it; what has the focus already keeps it.
function takesFocus(found) {
  if (!found || document.activeElement !== document.body) return false;
  found.tabIndex = -1;
  found.focus({ preventScroll: true });
  return true;
}

export default function ({ data, parentElement }) {
  if (parentElement.token === data.token) return undefined;
  parentElement.token = data.token;
  const until = Date.now() + PATIENCE_MS;
  let timer;
  let height = 0;
  let isFocused = false;
  const look = () => {
    const found = document.querySelector(data.selector);
    const now = found?.closest(".stMain")?.scrollHeight ?? 0;
    // Again for as long as what is above it grows.
    const fits = found && found.clientHeight < innerHeight;
    if (found && now !== height) found.scrollIntoView({ block: data.block === "center" && !fits ? "start" : data.block });
    height = now;
    isFocused ||= takesFocus(found);
    if (Date.now() < until) timer = setTimeout(look, 100);
  };
  // Whoever scrolls meanwhile is left alone.
  const leave = () => clearTimeout(timer);
  for (const sign of ["wheel", "touchstart", "keydown"]) addEventListener(sign, leave, { once: true, passive: true });
  timer = setTimeout(look, 50);
  return undefined;
}
