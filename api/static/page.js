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
{
  let acted = false;
  for (const kind of ["pointerdown", "click", "keydown"]) addEventListener(kind, () => { acted = true; }, { capture: true });
  const push = history.pushState;
  history.pushState = function (...given) {
    (acted ? push : history.replaceState).apply(this, given);
    acted = false;
  };
}
