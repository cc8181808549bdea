// A table holds one page of a list. Its own search would find only what is on that page: the browser's is left to the browser.
export default function () {
  const pressed = (event) => {
    if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "f" && event.target.closest?.('[data-testid="stDataFrame"]')) event.stopPropagation();
  };
  window.addEventListener("keydown", pressed, true);
  return () => window.removeEventListener("keydown", pressed, true);
}
