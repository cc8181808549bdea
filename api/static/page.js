// What Streamlit's client would ask the server for, and the components that have been loaded.
window.__streamlit = {
  BACKEND_BASE_URL: location.origin + "/",
  HOST_CONFIG: {
    allowedOrigins: [location.origin], useExternalAuthToken: false, enableCustomParentMessages: false,
    enforceDownloadInNewTab: false, metricsUrl: "", blockErrorDialogs: false, resourceCrossOriginMode: null,
  },
  // The font of the console's theme, which the server tells later: with Streamlit's own until then, that would be fetched.
  LIGHT_THEME: { bodyFont: "Inter, sans-serif" },
  DARK_THEME: { bodyFont: "Inter, sans-serif" },
};
// React draws a component that is there at once; for one that is promised it draws a placeholder, half a second long.
window.attuneComponents = new Map();
window.attuneLoaded = name => {
  const module = window.attuneComponents.get(name);
  if (module === undefined) return undefined;
  const promise = Promise.resolve(module);
  promise.then = use => Promise.resolve(use(module));
  return promise;
};
// Streamlit pushes up to two addresses for one click: that of a page, before or after the filters that the page takes over.
// Back would lead to the former, or to `/`, which leads here again: each action of the user is one step of the history.
// A page without filters in its address takes those of the page before. One that was left with the usual period shows that
// again after Back: its address names it, until the page is drawn.
{
  let acted = false, isTimed = false;
  const act = () => {
    acted = true;
    // When an address is pushed, the page before has gone
    isTimed = document.querySelector(`.st-key-${CSS.escape(location.pathname.slice(1))}-days`) !== null;
  };
  for (const kind of ["pointerdown", "click", "keydown"]) addEventListener(kind, act, { capture: true });
  const namePeriod = () => {
    const query = new URLSearchParams(location.search);
    if (query.has("days") || query.has("start")) return;
    query.set("days", "7");
    history.replaceState({ ...history.state, isUsual: true }, "", `${location.pathname}?${query}`);
  };
  addEventListener("popstate", () => {
    acted = false;  // though a key may have led here
    if (history.state?.isUsual) namePeriod();
  });
  const { pushState, replaceState } = history;
  const isHere = address => new URL(address ?? "", location.href).pathname === location.pathname;
  history.replaceState = function (state, ...given) {
    const isUsual = isHere(given[1]) && history.state?.isUsual;
    replaceState.call(this, isUsual ? { ...state, isUsual } : state, ...given);
  };
  history.pushState = function (...given) {
    if (acted && isTimed && !isHere(given[2])) namePeriod();
    (acted ? pushState : history.replaceState).apply(this, given);
    acted = false;
  };
}
