// Draws a chart as wide as its place is, again when that changes or what it shows does, and tells which point was clicked.
// Streamlit's own element draws every chart twice, at first unseen, with four times as much of Plotly.

const CONFIG = { displayModeBar: false, doubleClick: false, showTips: false };

export default function ({ data, parentElement, setTriggerValue }) {
  const place = parentElement.querySelector(".attune-chart");
  const call = (place.call = {}); // what an older call has returned may be called later than this one
  place.pick = data.is_clicked ? (point) => setTriggerValue("picked", point) : undefined;
  place.setAttribute("aria-label", data.alt);
  if (place.written !== data.figure) show(place, data);
  return () => { if (place.call === call) clear(place); };
}

function show(place, data) {
  place.written = data.figure;
  place.figure = JSON.parse(data.figure);
  place.style.height = `${place.figure.layout.height}px`;
  place.width = 0;
  place.observer ??= observe(place, data.plotly);
  draw(place, data.plotly);
}

function clear(place) {
  place.observer?.disconnect();
  place.observer = place.written = undefined;
  place.width = 0;
  window.Plotly?.purge(place);
}

function observe(place, source) {
  const observer = new ResizeObserver(() => draw(place, source));
  observer.observe(place);
  return observer;
}

function draw(place, source) {
  const width = place.clientWidth;
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
