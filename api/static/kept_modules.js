// Starts Streamlit's page from modules that the browser has kept as files, and compiled when they ran before.
(() => {
  const modules = "MODULES".map(async name => window.attuneComponents.set(name, await import("FOLDER" + name)));
  window.attuneModules = Promise.allSettled(modules);
})();
