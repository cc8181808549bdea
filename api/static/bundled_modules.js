// Makes Streamlit's modules while the one file that holds them is still on its way. It has one on each line, `["name", "text"]`,
// each after those that it imports.
(() => {
  const folder = location.origin + "FOLDER";
  const STATIC = /(\bfrom|\bimport)(\s*["'`])\.\/([\w.@-]+\.js)(?=["'`])/g;
  const DYNAMIC = /\bimport\(\s*["'`]\.\/([\w.@-]+\.js)["'`]\s*\)/g;
  const PRELOADS = /__vite__mapDeps\(\[[\d,]*\]\)/g;
  const urls = new Map();
  const running = [];

  // Each module is compiled and run while the next ones arrive. Who asks for it later is told what is wrong with it.
  async function readBundle() {
    const answer = await fetch("BUNDLE");
    if (!answer.ok) return;
    await window.attuneAsked;
    const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
    for (let rest = ""; ;) {
      const { value, done } = await reader.read();
      if (done) return;
      const lines = (rest + value).split("\n");
      rest = lines.pop();
      for (const line of lines) {
        const [name, text] = JSON.parse(line);
        urls.set(name, link(name, text));
        running.push(window.attuneImport(name).then(module => window.attuneComponents.set(name, module)));
      }
    }
  }
  // The same promise for everyone who asks, so that a module exists once; after a failure the next one tries again.
  async function load(name) {
    if (!urls.has(name)) await bundle;
    if (!urls.has(name)) urls.set(name, fetchModule(name).catch(error => { urls.delete(name); throw error; }));
    return urls.get(name);
  }
  async function fetchModule(name) {
    const answer = await fetch(folder + name);
    if (!answer.ok) throw new Error(`${answer.url} answered ${answer.status}`);
    return link(name, await answer.text());
  }
  async function link(name, text) {
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
  // Browsers keep no compiled form of modules made so. The next pages run them from files, which are fetched when all else is.
  async function keepAsFiles() {
    for (const name of urls.keys()) {
      const answer = await fetch(folder + name, { priority: "low" });
      if (!answer.ok) return;
      await answer.arrayBuffer();
    }
    document.cookie = "COOKIE; path=/; max-age=31536000; samesite=lax";
  }
  const bundle = readBundle().catch(() => {});
  window.attuneModules = bundle.then(() => Promise.allSettled(running));
  bundle.then(() => window.attuneImport("ENTRY"));
  window.attuneModules.then(() => setTimeout(() => keepAsFiles().catch(() => {}), 5000));
})();
