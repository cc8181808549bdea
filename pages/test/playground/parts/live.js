// One socket for a playground session: it draws the answer as it grows, says when the page is out of date, and whether we are connected.
// Text becomes DOM nodes, never HTML; the finished message is drawn by the page itself.

const SETTLE_MS = 60;
const AGAIN_AFTER_MS = 700;
const PRESS_MS = 1000;
const LONGEST_WAIT_MS = 8000;
const SESSION_OVER = 4401;
const SESSION_GONE = 4404;
const FENCE = /^ {0,3}(`{3,}(?=[^`]*(?:\n|$))|~{3,})/;

export default function ({ data, parentElement, setTriggerValue }) {
  const place = parentElement.querySelector(".live");
  let feed = place.feed;
  if (!feed || feed.session !== data.session) {
    feed?.close();
    feed = place.feed = openFeed(data.session, place);
  }
  place.dataset.waiting = data.waiting;
  feed.onStale = (revision) => setTriggerValue("changed", revision);
  feed.pageIsAt(data.revision, data.pending);
  // The end of a call that another has followed already must not end what that one goes on with.
  const call = feed.call = {};
  return () => { if (feed.call === call) { feed.close(); place.feed = null; } };
}

function openFeed(session, place) {
  const feed = { session, shown: 0, known: 0, pending: null, message: null, text: "", queued: null, position: null, socket: null, closed: false, nudging: 0, pressed: -PRESS_MS, retries: 0, retrying: 0 };

  feed.pageIsAt = (revision, pending) => {
    feed.shown = revision;
    feed.pending = pending;
    draw();
    nudge();
  };

  const draw = () => {
    const isLive = Boolean(feed.pending);
    const text = isLive && feed.pending === feed.message ? feed.text : "";
    const waiting = isLive && !text && feed.position && feed.pending === feed.queued ? `Waiting: ${ordinal(feed.position)} in the queue` : "";
    place.hidden = !isLive;
    place.classList.toggle("thinking", isLive && !text && !waiting);
    drawText(place, text || waiting);
  };

  // The page is told that it is out of date, again and again until it has caught up: a trigger can get lost in a busy rerun. One that
  // is being drawn is left in peace: it may be about to show the news, and what it says meanwhile (a toast) would be lost. So is one
  // with a dialog, which a rerun would close; and a press, whose own rerun has not begun yet: ours would draw over the dialog that it opens.
  const nudge = (wait = SETTLE_MS) => {
    clearTimeout(feed.nudging);
    if (feed.closed || feed.known <= feed.shown) return;
    feed.nudging = setTimeout(() => {
      if (isBusy() || performance.now() - feed.pressed < PRESS_MS) { nudge(); return; }
      feed.onStale(feed.known);
      nudge(AGAIN_AFTER_MS);
    }, wait);
  };

  const heard = (event) => {
    const news = JSON.parse(event.data);
    if (news.type === "playground_token") {
      if (news.at === 0 || feed.message !== news.message_id) { feed.message = news.message_id; feed.text = ""; }
      // Each begins where the one before it ended: `at` counts code points, not this string's units.
      feed.text += news.text;
      draw();
    } else if (news.type === "playground_queue") {
      [feed.queued, feed.position] = [news.message_id, news.position];
      draw();
    } else if (news.type === "playground_response" && news.content && news.message_id === feed.pending) {
      // A service's answer comes whole: it is shown before the page has drawn it.
      feed.message = news.message_id;
      feed.text = news.content;
      draw();
    } else if (news.type === "playground_session") {
      feed.known = Math.max(feed.known, news.revision);
      nudge();
    }
  };

  const connect = () => {
    if (feed.closed) return;
    clearTimeout(feed.retrying);
    const scheme = location.protocol === "https:" ? "wss:" : "ws:";
    const socket = feed.socket = new WebSocket(`${scheme}//${location.host}/api/v1/admin/playground/ws?session_id=${encodeURIComponent(session)}`);
    let opened = false;
    socket.onopen = () => { opened = true; feed.retries = 0; feed.position = null; say("connected"); };
    socket.onmessage = heard;
    socket.onclose = (event) => {
      if (feed.closed || feed.socket !== socket) return;
      // The page itself finds out why, and says so: at once when nothing of it may be seen any more.
      if (event.code === SESSION_OVER) { say("ended"); feed.onStale(Date.now()); return; }
      if (event.code === SESSION_GONE) { say("ended"); feed.known = Date.now(); nudge(); return; }
      say("connecting");
      if (!opened && !isBusy()) feed.onStale(Date.now());
      feed.retrying = setTimeout(connect, Math.min(LONGEST_WAIT_MS, 500 * 2 ** feed.retries++));
    };
  };

  // A socket notices only after minutes that the network is gone. This machine may be reached without one: it is tried all the same.
  const again = () => { say("connecting"); drop(feed.socket); feed.retries = 0; connect(); };
  const press = () => { feed.pressed = performance.now(); };
  addEventListener("click", press, true);
  addEventListener("offline", again);
  addEventListener("online", again);

  feed.close = () => {
    feed.closed = true;
    clearTimeout(feed.nudging);
    clearTimeout(feed.retrying);
    removeEventListener("click", press, true);
    removeEventListener("offline", again);
    removeEventListener("online", again);
    drop(feed.socket);
  };
  say("connecting");
  connect();
  return feed;
}

// Closing a socket that is not open yet is an error to browsers.
function drop(socket) {
  socket.onclose = null;
  socket.onmessage = null;
  if (socket.readyState === WebSocket.CONNECTING) socket.onopen = () => socket.close(); else socket.close();
}

function isBusy() {
  return Boolean(document.querySelector('[data-testid="stApp"][data-test-script-state="running"], [data-testid="stDialog"]'));
}

function say(state) {
  for (const element of document.querySelectorAll("[class*='attune-connection']")) element.dataset.state = state;
}

// Blocks and two inline forms: what one sees for the seconds until the page draws the real markdown.
function drawText(place, text) {
  const blocks = splitBlocks(text);
  const old = place.children.length;
  for (let i = Math.max(0, Math.min(old, blocks.length) - 1); i < blocks.length; i++) {
    const node = blockNode(blocks[i]);
    if (place.children[i]) grow(place.children[i], node); else place.append(node);
  }
  while (place.children.length > blocks.length) place.lastElementChild.remove();
}

// Words are appended where they can be: a browser lays out only what is new, and a reader's selection stays.
function grow(old, now) {
  if (old.isEqualNode(now)) return;
  if (old.nodeName !== now.nodeName) old.replaceWith(now);
  else if (old.nodeType !== Node.TEXT_NODE) {
    const [were, are] = [[...old.childNodes], [...now.childNodes]];
    are.forEach((node, i) => { if (were[i]) grow(were[i], node); else old.append(node); });
    for (const node of were.slice(are.length)) node.remove();
  } else if (now.data.startsWith(old.data)) old.appendData(now.data.slice(old.length));
  else old.data = now.data;
}

function ordinal(number) {
  const suffix = { one: "st", two: "nd", few: "rd", other: "th" };
  return number + suffix[new Intl.PluralRules("en", { type: "ordinal" }).select(number)];
}

function splitBlocks(text) {
  const blocks = [];
  let current = "", fence = null;
  for (const line of text.split("\n")) {
    if (fence) { if (isEnd(line, fence)) fence = null; }
    else if ((fence = line.match(FENCE)?.[1] ?? null) && current) { blocks.push(current); current = ""; }
    if (!fence && !line.trim() && current) { blocks.push(current); current = ""; } else { current += (current ? "\n" : "") + line; }
  }
  if (current.trim()) blocks.push(current);
  return blocks;
}

// A fence ends with one of the same kind that is at least as long.
function isEnd(line, fence) {
  const end = line.trim();
  return end.startsWith(fence) && end === fence[0].repeat(end.length);
}

function blockNode(block) {
  const fence = block.match(FENCE)?.[1];
  if (fence) {
    const lines = block.split("\n").slice(1);
    if (lines.length && isEnd(lines.at(-1), fence)) lines.pop();
    return Object.assign(document.createElement("pre"), { textContent: lines.join("\n") });
  }
  const paragraph = document.createElement("p");
  for (const part of block.split(/(`[^`\n]+`|\*\*[^*\n]+\*\*)/)) {
    if (/^`.+`$/.test(part)) paragraph.append(Object.assign(document.createElement("code"), { textContent: part.slice(1, -1) }));
    else if (/^\*\*.+\*\*$/.test(part)) paragraph.append(Object.assign(document.createElement("strong"), { textContent: part.slice(2, -2) }));
    else if (part) paragraph.append(part);
  }
  return paragraph;
}
