"""Visual faults: text that is cut off, and overlapping elements, by their positions."""

from playwright.sync_api import Page

# Text that ends before its box does: by overflow that is hidden, where no dots say that there is
# more.
CUT_OFF = """() => {
  const shown = e => { const s = getComputedStyle(e), r = e.getBoundingClientRect();
    return s.visibility !== 'hidden' && s.display !== 'none' && r.width > 1 && r.height > 1; };
  const words = e => [...e.childNodes].some(n => n.nodeType === 3 && n.textContent.trim());
  return [...document.querySelectorAll('.stMain *')].filter(e => words(e) && shown(e)).filter(e => {
    const s = getComputedStyle(e);
    return s.overflowX === 'hidden' && s.textOverflow !== 'ellipsis'
        && e.scrollWidth > e.clientWidth + 1
      || s.overflowY === 'hidden' && e.scrollHeight > e.clientHeight + 2;
  }).map(e => `${e.className}: ${e.textContent.trim().slice(0, 60)}`);
}"""
# Words of the page, of charts and of KPIs, each as the rectangle of its text; of two that lie on
# each other both are named.
OVERLAPPING = """() => {
  const boxes = [], seen = new Set(), main = document.querySelector('.stMain');
  const walk = document.createTreeWalker(main, NodeFilter.SHOW_TEXT);
  const unread = '.hoverlayer, style, canvas, [style*="clip"], [aria-hidden="true"]:not(svg)';
  // Read out, but not seen: the name of a button that is an icon
  const isUnseen = e => e !== main
    && (getComputedStyle(e).clipPath === 'inset(50%)' || isUnseen(e.parentElement));
  const add = (r, text) => {
    if (r.width > 2 && r.height > 2)
      boxes.push({ l: r.left, r: r.right, t: r.top, b: r.bottom, text: text.trim().slice(0, 40) });
  };
  while (walk.nextNode()) {
    const node = walk.currentNode, parent = node.parentElement;
    const drawn = parent.closest('svg text');
    if (!node.textContent.trim() || seen.has(drawn) || parent.closest(unread)) continue;
    if (isUnseen(parent)) continue;
    if (!parent.checkVisibility({ opacityProperty: true, visibilityProperty: true })) continue;
    const range = document.createRange();
    range.selectNodeContents(node);
    if (drawn) { seen.add(drawn); add(drawn.getBoundingClientRect(), drawn.textContent); }
    else for (const r of range.getClientRects()) add(r, node.textContent);
  }
  const found = [];
  for (let i = 0; i < boxes.length; i++) for (let j = i + 1; j < boxes.length; j++) {
    const a = boxes[i], b = boxes[j];
    const w = Math.min(a.r, b.r) - Math.max(a.l, b.l), h = Math.min(a.b, b.b) - Math.max(a.t, b.t);
    if (w > 3 && h > 4) found.push(`${a.text} | ${b.text}`);
  }
  return found;
}"""


def cut_off(page: Page) -> list[str]:
    """Return the texts that are cut off."""
    return list(page.evaluate(CUT_OFF))


def overlapping(page: Page) -> list[str]:
    """Return the texts that lie on each other."""
    return list(page.evaluate(OVERLAPPING))
