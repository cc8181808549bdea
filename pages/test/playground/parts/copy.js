// One listener for every copy button of the chat: it fetches the message as it was written, and falls back on what is drawn.
export default function ({ data, parentElement }) {
  parentElement.leave?.(); // a rerun with new data calls again, and tidies up nothing
  const clicked = (event) => {
    const holder = event.target.closest?.('[class*="st-key-icon-copy-"]');
    const found = holder?.className.match(/st-key-icon-copy-(\d+)-([0-9a-f-]{36})/);
    if (!found || !event.target.closest("button")) return;
    const drawn = holder.closest('[data-testid="stChatMessage"]')?.querySelector('.attune-markdown')?.innerText ?? "";
    put(written(data.session, found[1], found[2], drawn)).then(() => mark(holder, "yes"), () => mark(holder, "no"));
  };
  document.addEventListener("click", clicked, true);
  return parentElement.leave = () => document.removeEventListener("click", clicked, true);
}

async function written(session, place, id, otherwise) {
  const answer = await fetch(`/api/v1/admin/playground/history?session_id=${session}&limit=1&offset=${place}`);
  const found = answer.ok ? (await answer.json()).messages[0] : undefined;
  return found?.id === id ? found.content : otherwise;
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

function mark(holder, copied) {
  holder.dataset.copied = copied;
  setTimeout(() => delete holder.dataset.copied, 1500);
}
