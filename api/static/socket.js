// Opens the socket of Streamlit's page and asks for the first run before Streamlit's scripts have arrived. What comes meanwhile
// is held, and handed to Streamlit's client once it has asked for the same and has what it draws with. If it asks for something
// else, that is sent too.
(() => {
  const Native = window.WebSocket;
  const socket = new Native(`${location.origin.replace("http", "ws")}/_stcore/stream`, ["streamlit", xsrfToken()]);
  const first = rerun();
  const held = [];
  let isHolding = true;
  socket.binaryType = "arraybuffer";
  // The modules keep the browser busy: they wait until the first run is asked for, unless there is no socket to be had.
  window.attuneAsked = new Promise(resolve => {
    socket.addEventListener("open", () => resolve(Native.prototype.send.call(socket, first)), { once: true });
    socket.addEventListener("error", resolve);
    setTimeout(resolve, 500);
  });
  socket.addEventListener("message", event => {
    if (!isHolding) return;
    event.stopImmediatePropagation();
    held.push(event.data);
  });
  socket.send = bytes => {
    delete socket.send;
    if (String(bytes) !== String(first)) socket.send(bytes);
    window.attuneModules.then(() => setTimeout(() => {
      isHolding = false;
      for (const data of held.splice(0)) socket.dispatchEvent(new MessageEvent("message", { data }));
    }));
  };
  window.WebSocket = new Proxy(Native, {
    construct(_target, [url, protocols]) {
      window.WebSocket = Native;
      const isNewSession = protocols?.length === 2;
      if (String(url) !== socket.url || !isNewSession || socket.readyState > Native.OPEN) {
        socket.close();
        return new Native(url, protocols);
      }
      if (socket.readyState === Native.OPEN) setTimeout(() => socket.dispatchEvent(new Event("open")));
      return socket;
    },
  });

  function xsrfToken() {
    return document.cookie.match(/(?:^|; )_streamlit_xsrf=([^;]+)/)?.[1] ?? "PLACEHOLDER_AUTH_TOKEN";
  }
  // `BackMsg` in protobuf, as Streamlit's client writes it.
  function rerun() {
    const isDark = matchMedia("(prefers-color-scheme: dark)").matches;
    const context = [
      ...text(1, Intl.DateTimeFormat().resolvedOptions().timeZone),
      2 << 3, ...varint(new Date().getTimezoneOffset()),
      ...text(3, navigator.language),
      ...text(4, location.origin + location.pathname),
      5 << 3, 0,
      ...text(6, isDark ? "dark" : "light"),
    ];
    const run = [
      ...text(1, location.search.slice(1)), ...field(2, []), ...text(4, location.pathname.slice(1)), ...field(8, context),
    ];
    return new Uint8Array(field(11, run));
  }
  function text(number, value) {
    return value ? field(number, new TextEncoder().encode(value)) : [];
  }
  function field(number, bytes) {
    return [number << 3 | 2, ...varint(bytes.length), ...bytes];
  }
  function varint(number) {
    const bytes = [];
    let rest = BigInt.asUintN(64, BigInt(number));
    for (; rest > 127n; rest >>= 7n) bytes.push(Number(rest & 127n) | 128);
    return [...bytes, Number(rest)];
  }
})();
