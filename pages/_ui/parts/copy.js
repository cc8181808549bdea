// One listener for every copy button of the page: it fetches the message as it was written, and falls back on what is drawn.
export default function ({ data }) {
  const clicked = (event) => {
    const holder = event.target.closest?.('[class*="st-key-copy-"]');
    const found = holder?.className.match(/st-key-copy-([0-9a-f-]{36}|user-[0-9a-f-]{36})/);
    if (!found || !event.target.closest("button")) return;
    const drawn = holder.closest('[data-testid="stChatMessage"]')?.querySelector('[data-testid="stMarkdown"]')?.innerText ?? "";
    const text = found[1].startsWith("user-") ? Promise.resolve(drawn) : written(found[1], drawn);
    put(text).then(() => mark(holder), () => undefined);
  };
  document.addEventListener("click", clicked, true);
  return () => document.removeEventListener("click", clicked, true);
}

async function written(execution, otherwise) {
  const answer = await fetch(`/api/v1/prompts/${execution}`);
  return answer.ok ? (await answer.json()).response : otherwise;
}

async function put(text) {
  if (navigator.clipboard && window.ClipboardItem) {
    // A promise inside keeps the click's permission while the text is on its way.
    const blob = text.then((words) => new Blob([words], { type: "text/plain" }));
    return navigator.clipboard.write([new ClipboardItem({ "text/plain": blob })]);
  }
  const area = Object.assign(document.createElement("textarea"), { value: await text });
  document.body.append(area);
  area.select();
  document.execCommand("copy");
  area.remove();
}

function mark(holder) {
  holder.dataset.copied = "yes";
  setTimeout(() => delete holder.dataset.copied, 1200);
}
