// Keeps the newest words in view, unless the reader has scrolled up to read something else.

const AT_END_PX = 4;
const NEAR_PX = 40;

export default function ({ data, parentElement }) {
  parentElement.leave?.(); // a rerun with new data calls again, and tidies up nothing
  const pane = document.querySelector(data.pane);
  if (!pane) return undefined;
  // Kept on the pane itself: it outlives a rerun, and a new session begins at its end again.
  if (pane.followed !== data.session) { pane.followed = data.session; pane.follows = true; }
  let last = pane.scrollTop;
  let height = pane.scrollHeight;

  const settle = () => {
    if (pane.follows) { pane.scrollTop = pane.scrollHeight; last = pane.scrollTop; }
    else if (pane.scrollTop < last) pane.scrollTop = last; // what went has come back in another form, and the reader with it
  };
  const scrolled = () => {
    const hasShrunk = pane.scrollHeight < height;
    height = pane.scrollHeight;
    if (hasShrunk && !pane.follows) return; // nobody scrolled: the pane had nothing left to show there
    const left = pane.scrollHeight - pane.scrollTop - pane.clientHeight;
    if (left < AT_END_PX) pane.follows = true;
    else if (pane.scrollTop < last) pane.follows = false;
    else if (left < NEAR_PX) pane.follows = true;
    last = pane.scrollTop;
  };
  const asked = () => { pane.follows = true; settle(); };

  const grown = new ResizeObserver(() => { height = Math.max(height, pane.scrollHeight); settle(); });
  const watch = () => { for (const child of [pane, ...pane.children]) grown.observe(child); settle(); };
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
