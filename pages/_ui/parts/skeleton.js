// A click on the navigation is answered at once: until the page's first elements arrive, a skeleton stands in place of the old page.
const LONGEST_MS = 5000;

export default function () {
  const clicked = (event) => {
    const link = event.target.closest?.('[data-testid="stSidebarNavLink"]');
    const isOther = link && !link.hasAttribute("aria-current") && !event.ctrlKey && !event.metaKey && !event.shiftKey && !event.button;
    if (isOther) cover(document.querySelector(".stMain"), document.querySelector(".stApp"));
  };
  window.addEventListener("click", clicked, true);
  return () => window.removeEventListener("click", clicked, true);
}

function cover(main, app) {
  if (!main || !app) return;
  const heading = () => main.querySelector("h1")?.textContent;
  const before = heading();
  let hasRun = false;
  const changes = new MutationObserver(() => {
    const isRunning = app.dataset.testScriptState === "running";
    hasRun ||= isRunning;
    if (heading() !== before || (hasRun && !isRunning)) uncover();
  });
  const uncover = () => {
    changes.disconnect();
    delete main.dataset.leaving;
  };
  main.dataset.leaving = "";
  changes.observe(app, { attributes: true, attributeFilter: ["data-test-script-state"], childList: true, subtree: true });
  setTimeout(uncover, LONGEST_MS);
}
