// Brings a part of the page into view, once: where it is wanted anew, `token` is another.

const PATIENCE_MS = 3000; // messages are drawn one after the other

export default function ({ data, parentElement }) {
  if (parentElement.token === data.token) return undefined;
  parentElement.token = data.token;
  const until = Date.now() + PATIENCE_MS;
  let timer;
  let height = 0;
  const look = () => {
    const found = document.querySelector(data.selector);
    const now = found?.closest(".stMain")?.scrollHeight ?? 0;
    // Again for as long as what is above it grows.
    const fits = found && found.clientHeight < innerHeight;
    if (found && now !== height) found.scrollIntoView({ block: data.block === "center" && !fits ? "start" : data.block });
    height = now;
    if (Date.now() < until) timer = setTimeout(look, 100);
  };
  // Whoever scrolls meanwhile is left alone.
  const leave = () => clearTimeout(timer);
  for (const sign of ["wheel", "touchstart", "keydown"]) addEventListener(sign, leave, { once: true, passive: true });
  timer = setTimeout(look, 50);
  return undefined;
}
