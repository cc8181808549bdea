// Starts Streamlit's page from one file that holds its modules; a module that is not in it is fetched on its own.
window.__streamlit = {
  BACKEND_BASE_URL: location.origin + "/",
  HOST_CONFIG: {
    allowedOrigins: [location.origin], useExternalAuthToken: false, enableCustomParentMessages: false,
    enforceDownloadInNewTab: false, metricsUrl: "", blockErrorDialogs: false, resourceCrossOriginMode: null,
  },
};
(() => {
  const folder = location.origin + "/static/js/";
  const STATIC = /(\bfrom|\bimport)(\s*["'`])\.\/([\w.@-]+\.js)(?=["'`])/g;
  const DYNAMIC = /\bimport\(\s*["'`]\.\/([\w.@-]+\.js)["'`]\s*\)/g;
  const PRELOADS = /__vite__mapDeps\(\[[\d,]*\]\)/g;
  const urls = new Map();
  const bundle = fetch("BUNDLE").then(read).then(JSON.parse).catch(() => ({}));

  async function read(answer) {
    if (!answer.ok) throw new Error(`${answer.url} answered ${answer.status}`);
    return answer.text();
  }
  // The same promise for everyone who asks, so that a module exists once; after a failure the next one tries again.
  function load(name) {
    if (!urls.has(name)) urls.set(name, make(name).catch(error => { urls.delete(name); throw error; }));
    return urls.get(name);
  }
  async function make(name) {
    const text = (await bundle)[name] ?? await fetch(folder + name).then(read);
    const needed = [...new Set([...text.matchAll(STATIC)].map(found => found[3]))];
    const made = new Map(await Promise.all(needed.map(async each => [each, await load(each)])));
    const linked = text
      .replace(STATIC, (_whole, word, quote, each) => word + quote + made.get(each))
      .replace(DYNAMIC, "attuneImport('$1')")
      .replace(PRELOADS, "$&.filter(attuneIsStyle)")
      .replaceAll("import.meta.url", JSON.stringify(folder + name));
    return URL.createObjectURL(new Blob([linked, "\n//# sourceURL=", folder, name], { type: "text/javascript" }));
  }
  window.attuneImport = async name => import(await load(name));
  // Vite would fetch a module's dependencies as modules of their own; here they are only made ready.
  window.attuneIsStyle = path => path.endsWith(".css") || (load(path.split("/").pop()).catch(() => {}), false);
  window.attuneImport("ENTRY");
})();
