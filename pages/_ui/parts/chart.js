// Draws a chart as wide as its place is, again when that changes or what it shows does, and tells which point was clicked.
// Streamlit's own element draws every chart twice, at first unseen, with four times as much of Plotly.

const CONFIG = { displayModeBar: false, doubleClick: false, showTips: false };

export default function ({ data, parentElement, setTriggerValue }) {
  const place = parentElement.querySelector(".attune-chart");
  const call = (place.call = {}); // what an older call has returned may be called later than this one
  place.pick = data.is_clicked ? (point) => setTriggerValue("picked", point) : undefined;
  place.menu = place.nextElementSibling;
  place.setAttribute("aria-label", data.alt);
  if (place.written !== data.figure) show(place, data);
  return () => { if (place.call === call) clear(place); };
}

function show(place, data) {
  place.written = data.figure;
  place.figure = JSON.parse(data.figure);
  place.style.height = `${place.figure.layout.height}px`;
  place.width = 0;
  offer(place, data.is_clicked);
  place.observer ??= observe(place, data.plotly);
  draw(place, data.plotly);
}

function clear(place) {
  place.observer?.disconnect();
  place.observer = place.written = undefined;
  place.width = place.room = 0;
  window.Plotly?.purge(place);
}

// The observer tells the width: asking for it would have the browser lay out the page for each chart.
function observe(place, source) {
  const observer = new ResizeObserver(([{ contentRect }]) => {
    place.room = Math.round(contentRect.width);
    draw(place, source);
  });
  observer.observe(place);
  return observer;
}

function draw(place, source) {
  const width = place.room;
  if (!width || width === place.width) return;
  place.width = width;
  place.drawn = Promise.all([plotly(source), place.drawn]).then(async ([Plotly]) => {
    if (width !== place.width || !place.isConnected) return;
    const isNew = !place.on;
    if (isNew) place.replaceChildren();
    await Plotly.react(place, place.figure.data, { ...place.figure.layout, width }, CONFIG);
    if (isNew) place.on("plotly_click", (click) => tell(place, click));
  }).catch((error) => {
    console.error(error);
    clear(place);
    place.textContent = "Could not draw this chart. Reload the page.";
    place.setAttribute("aria-label", place.textContent);
  });
}

function tell(place, { event, points: [{ x, y, pointNumber }] }) {
  if (!(event?.detail > 1)) place.pick?.({ x, y, number: pointNumber }); // a double click is one
}

// For the keyboard, the points that can be clicked are a list beside the chart; it is seen, and filled, while it has the focus.
function offer(place, isClicked) {
  place.menu.hidden = !isClicked || !place.figure.data.some(({ x, hoverinfo }) => x?.length && hoverinfo !== "skip");
  let offered = [];
  const list = Object.assign(document.createElement("select"), { ariaLabel: "Points of this chart" });
  list.onfocus = () => {
    if (list.length) return;
    offered = points(place.figure);
    list.append(...offered.map(({ label }, index) => new Option(label, index)));
  };
  const button = Object.assign(document.createElement("button"), { textContent: "Open" });
  place.menu.replaceChildren(list, button);
  place.menu.onsubmit = (event) => {
    event.preventDefault();
    if (list.length) place.pick?.(offered[list.value].point);
  };
}

// One point for each bar with words of its own, else for each place on the x axis, with what all lines are there.
function points({ data, layout }) {
  const found = new Map();
  for (const [index, trace] of data.entries()) {
    if (trace.hoverinfo === "skip") continue;
    (trace.x ?? []).forEach((x, number) => {
      const y = trace.y[number], words = trace.customdata?.[number];
      if (y === null || y === undefined || x === null) return;
      const figure = trace.name ? `${trace.name} ${written(y, trace)}` : written(y, trace);
      const key = words ? `${index} ${number}` : x, known = found.get(key);
      if (known) known.label += `, ${figure}`;
      else found.set(key, { label: words ? plain(words) : `${place_of(x, layout)}: ${figure}`, point: { x, y, number } });
    });
  }
  return [...found.values()];
}

function place_of(x, { xaxis }) {
  const at = xaxis?.tickvals?.indexOf(x) ?? -1;
  if (at >= 0) return plain(xaxis.ticktext[at]);
  const time = typeof x === "string" ? new Date(x.replace(" ", "T")) : undefined;
  const way = { day: "numeric", month: "short", hour: "2-digit", minute: "2-digit", hourCycle: "h23" };
  return time && !isNaN(time) ? time.toLocaleString("en-GB", way) : plain(String(x));
}

// As the chart's own label has it: $%{y:,.2f}, of which only the decimals matter here.
function written(y, { hovertemplate = "%{y}" }) {
  const [whole, format = ""] = hovertemplate.match(/%\{y:?([^}]*)\}/) ?? [""];
  const digits = Number(format.match(/\.(\d+)/)?.[1] ?? 0);
  const said = typeof y === "number" ? y.toLocaleString("en-US", { maximumFractionDigits: digits }) : y;
  return plain(hovertemplate.replace(whole, said).replace(/<extra>.*/, ""));
}

function plain(html) {
  return html.replaceAll("<br>", " ").replace(/<[^>]*>/g, "");
}

// All charts of a page share one Plotly, which is fetched by the first.
function plotly(source) {
  return (window.attunePlotly ??= new Promise((done, fail) => {
    const script = Object.assign(document.createElement("script"), { src: source, onload: () => done(window.Plotly) });
    script.onerror = () => {
      window.attunePlotly = undefined;
      fail(new Error(`${source} did not come`));
    };
    document.head.append(script);
  }));
}
