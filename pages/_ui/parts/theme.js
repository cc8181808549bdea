// A system that turns light or dark does not rerun the page by itself; half a second later the new colours are there to be read.
// A dialog would be closed by it, with what was typed there: it may end first.
export default function ({ setTriggerValue }) {
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const flipped = () => setTimeout(() => (document.querySelector('[data-testid="stDialog"]') ? flipped() : setTriggerValue("flip", Date.now())), 500);
  dark.addEventListener("change", flipped);
  return () => dark.removeEventListener("change", flipped);
}
