// A file goes straight from the disk to the API, a piece at a time: through the page it would have to fit into memory, twice.

export default function ({ data, parentElement, setTriggerValue }) {
  const zone = parentElement.querySelector(".upload");
  const input = zone.querySelector("input");
  const say = (words) => { zone.querySelector(".words").textContent = words; };
  const bar = zone.querySelector("progress");

  const send = (file) => {
    if (!file || zone.sending) return;
    const request = zone.sending = new XMLHttpRequest();
    zone.classList.add("busy");
    bar.hidden = false;
    bar.value = 0;
    say(`Uploading ${file.name}`);
    request.open("POST", `${data.address}?name=${encodeURIComponent(file.name)}`);
    request.setRequestHeader("Content-Type", "application/octet-stream");
    request.upload.onprogress = (event) => {
      if (!event.lengthComputable) return;
      bar.value = event.loaded / event.total;
      const share = Math.floor(100 * bar.value);
      say(event.loaded < event.total ? `Uploading ${file.name}, ${share}%` : `Processing ${file.name}`);
    };
    const end = (refusal) => {
      zone.sending = null;
      zone.classList.remove("busy");
      bar.hidden = true;
      input.value = "";
      say(data.words);
      if (refusal) setTriggerValue("refused", refusal);
    };
    request.onload = () => {
      const answer = read(request.responseText);
      if (request.status === 201) { end(); setTriggerValue("uploaded", answer.id); }
      else end(answer.detail || `Upload failed (${request.status}).`);
    };
    request.onerror = () => end("Upload interrupted. Check the connection and try again.");
    request.send(file);
  };

  if (!zone.sending) say(data.words);
  input.onchange = () => send(input.files[0]);
  zone.ondragover = (event) => { event.preventDefault(); zone.classList.add("over"); };
  zone.ondragleave = () => zone.classList.remove("over");
  zone.ondrop = (event) => {
    event.preventDefault();
    zone.classList.remove("over");
    send(event.dataTransfer.files[0]);
  };
}

function read(text) {
  try { return JSON.parse(text); } catch { return {}; }
}
