// A cell that is clicked opens its row; one that the keys lead to does so with Enter. Focus that a closed drawer gives back to a
// table would select its first cell: the table is not told of it.
// A table holds one page of a list. Its own search would find only what is on that page: the browser's is left to the browser.
const MOVES = /^(Tab|Arrow|Home|End|Page)/;

export default function ({ parentElement, setStateValue, setTriggerValue }) {
  const tell = (byKeys) => { if (byKeys !== !!parentElement.byKeys) setStateValue("by_keys", parentElement.byKeys = byKeys); };
  const isTable = (event) => event.target.closest?.('[data-testid="stDataFrame"] canvas');
  const isGrid = (event) => event.target.closest?.('[data-testid="stDataFrame"]') && !event.target.closest("button");
  let last = "";
  const clicked = (event) => { last = isGrid(event) ? "table" : "pointer"; if (isGrid(event)) tell(false); };
  const pressed = (event) => {
    last = event.key;
    if (!isTable(event)) return;
    if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "f") event.stopPropagation();
    else if (MOVES.test(event.key)) tell(true);
    else if (event.key === "Enter" && parentElement.byKeys) { event.stopPropagation(); setTriggerValue("enter", Date.now()); }
  };
  const focused = (event) => {
    if (!isTable(event)) return;
    if (last === "Tab") tell(true);
    else if (last !== "table" && !parentElement.byKeys) event.stopImmediatePropagation();
  };
  const listeners = { pointerdown: clicked, keydown: pressed, focusin: focused };
  for (const [type, listener] of Object.entries(listeners)) window.addEventListener(type, listener, true);
  return () => { for (const [type, listener] of Object.entries(listeners)) window.removeEventListener(type, listener, true); };
}
