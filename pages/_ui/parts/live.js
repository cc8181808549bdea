// One socket for a playground session: it draws the answer as it grows, says when the page is out of date, and whether we are connected.
// Text becomes DOM nodes, never HTML; the finished message is drawn by the page itself.

const AGAIN_AFTER_MS = 700;

export default function ({ data, parentElement, setTriggerValue }) {
  const place = parentElement.querySelector(".live");
  let feed = place.feed;
  if (!feed || feed.session !== data.session) {
    feed?.close();
    feed = place.feed = openFeed(data.session, place);
  }
  feed.onStale = (revision) => setTriggerValue("changed", revision);
  feed.pageIsAt(data.revision, data.pending);
  return () => { feed.close(); place.feed = null; };
}

function openFeed(session, place) {
  const feed = { session, shown: 0, known: 0, pending: null, message: null, text: "", socket: null, closed: false, nudging: 0, retries: 0 };

  feed.pageIsAt = (revision, pending) => {
    feed.shown = revision;
    const ended = feed.pending && !pending;
    feed.pending = pending;
    if (ended) focusInput();
    if (!pending || pending !== feed.message) { feed.text = pending === feed.message ? feed.text : ""; }
    draw();
    nudge();
  };

  const draw = () => {
    const isLive = Boolean(feed.pending);
    place.hidden = !isLive;
    place.classList.toggle("thinking", isLive && !feed.text);
    drawText(place, isLive ? feed.text : "");
    if (isLive) followNewest(place);
  };

  // The page is told that it is out of date, again and again until it has caught up: a trigger can get lost in a busy rerun.
  const nudge = () => {
    clearTimeout(feed.nudging);
    if (feed.closed || feed.known <= feed.shown) return;
    feed.onStale(feed.known);
    feed.nudging = setTimeout(nudge, AGAIN_AFTER_MS);
  };

  const heard = (event) => {
    const news = JSON.parse(event.data);
    if (news.type === "playground_session") {
      feed.known = Math.max(feed.known, news.revision);
      if (news.pending && feed.message !== news.pending.message_id) { feed.message = news.pending.message_id; feed.text = ""; }
    } else if (news.type === "playground_token") {
      if (news.at === 0 || feed.message !== news.message_id) { feed.message = news.message_id; feed.text = ""; }
      feed.text = feed.text.slice(0, news.at) + news.text;
    }
    draw();
    if (feed.known > feed.shown && !feed.nudging) nudge();
    if (news.type === "playground_session") nudge();
  };

  const connect = () => {
    if (feed.closed) return;
    const scheme = location.protocol === "https:" ? "wss:" : "ws:";
    const socket = feed.socket = new WebSocket(`${scheme}//${location.host}/api/v1/admin/playground/ws?session_id=${encodeURIComponent(session)}`);
    socket.onopen = () => { feed.retries = 0; say("connected"); };
    socket.onmessage = heard;
    socket.onclose = (event) => {
      if (feed.closed) return;
      say(event.code === 4401 || event.code === 4404 ? "ended" : "connecting");
      if (event.code === 4401) { feed.onStale(Date.now()); return; }
      setTimeout(connect, Math.min(8000, 500 * 2 ** feed.retries++));
    };
  };

  feed.close = () => { feed.closed = true; clearTimeout(feed.nudging); feed.socket?.close(); };
  say("connecting");
  connect();
  return feed;
}

function say(state) {
  for (const element of document.querySelectorAll("[class*='attune-connection']")) element.dataset.state = state;
}

function focusInput() {
  if (document.activeElement !== document.body) return;
  setTimeout(() => document.querySelector('[data-testid="stChatInputTextArea"]')?.focus({ preventScroll: true }), 50);
}

// Scroll with the text, unless the reader has scrolled up.
function followNewest(place) {
  const pane = place.getRootNode().host?.closest('[class*="st-key-pane-chat"]') ?? place.closest('[class*="st-key-pane-chat"]');
  const scroller = pane && (scrolls(pane) ? pane : pane.parentElement);
  if (!scroller) return;
  const distance = scroller.scrollHeight - scroller.scrollTop - scroller.clientHeight;
  if (distance < 120) scroller.scrollTop = scroller.scrollHeight;
}

function scrolls(element) { return /auto|scroll/.test(getComputedStyle(element).overflowY); }

// Blocks and two inline forms: what one sees for the seconds until the page draws the real markdown.
function drawText(place, text) {
  const blocks = splitBlocks(text);
  const old = place.children.length;
  for (let i = Math.max(0, Math.min(old, blocks.length) - 1); i < blocks.length; i++) {
    const node = blockNode(blocks[i]);
    if (place.children[i]) place.children[i].replaceWith(node); else place.append(node);
  }
  while (place.children.length > blocks.length) place.lastElementChild.remove();
}

function splitBlocks(text) {
  const blocks = [];
  let current = "", inCode = false;
  for (const line of text.split("\n")) {
    if (line.trimStart().startsWith("```")) inCode = !inCode;
    if (!inCode && !line.trim() && current) { blocks.push(current); current = ""; } else { current += (current ? "\n" : "") + line; }
  }
  if (current.trim()) blocks.push(current);
  return blocks;
}

function blockNode(block) {
  if (block.trimStart().startsWith("```")) {
    const code = document.createElement("pre");
    code.textContent = block.replace(/^\s*```.*\n?/, "").replace(/\n?```\s*$/, "");
    return code;
  }
  const paragraph = document.createElement("p");
  for (const part of block.split(/(`[^`\n]+`|\*\*[^*\n]+\*\*)/)) {
    if (/^`.+`$/.test(part)) paragraph.append(Object.assign(document.createElement("code"), { textContent: part.slice(1, -1) }));
    else if (/^\*\*.+\*\*$/.test(part)) paragraph.append(Object.assign(document.createElement("strong"), { textContent: part.slice(2, -2) }));
    else if (part) paragraph.append(part);
  }
  return paragraph;
}
