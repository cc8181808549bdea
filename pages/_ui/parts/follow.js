// Keeps the newest words in view, unless the reader has scrolled up to read something else.

const NEAR_PX = 40;

export default function ({ data, parentElement }) {
  parentElement.leave?.(); // a rerun with new data calls again, and tidies up nothing
  const pane = document.querySelector(data.pane);
  if (!pane) return undefined;
  // Kept on the pane itself: it outlives a rerun, and a new session begins at its end again.
  if (pane.followed !== data.session) { pane.followed = data.session; pane.follows = true; }
  let last = pane.scrollTop;

  const toEnd = () => { if (pane.follows) { pane.scrollTop = pane.scrollHeight; last = pane.scrollTop; } };
  const scrolled = () => {
    const left = pane.scrollHeight - pane.scrollTop - pane.clientHeight;
    // At the end counts as following even when text went and the pane moved up by itself.
    if (left < 4) pane.follows = true;
    else if (pane.scrollTop < last) pane.follows = false;
    else if (left < NEAR_PX) pane.follows = true;
    last = pane.scrollTop;
  };
  const asked = () => { pane.follows = true; toEnd(); };

  const grown = new ResizeObserver(toEnd);
  const watch = () => { for (const child of pane.children) grown.observe(child); grown.observe(pane); toEnd(); };
  const added = new MutationObserver(watch);
  added.observe(pane, { childList: true });
  pane.addEventListener("scroll", scrolled);
  pane.addEventListener("attune-asked", asked);
  watch();
  return parentElement.leave = () => {
    grown.disconnect();
    added.disconnect();
    pane.removeEventListener("scroll", scrolled);
    pane.removeEventListener("attune-asked", asked);
  };
}
