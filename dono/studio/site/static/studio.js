"use strict";
// The pages work without this file. It keeps runs up to date, judges as values are moved, and shows answers as they come.
const whole = (html) => { const t = document.createElement("template"); t.innerHTML = html; return t.content; };

// Runs: the live part of the page, made by the server, put in its place; what is open, ticked or focused stays so.
const live = document.querySelector("#live");
if (live && window.EventSource) {
  const name = (e) => e && e.closest("#live") && (e.value ? `[value="${CSS.escape(e.value)}"]` : e.matches("summary") ? "summary" : e.matches("button") ? "button" : ".scroll");
  const source = new EventSource(live.dataset.live);
  let before = "";
  source.addEventListener("now", (event) => {
    const open = [...live.querySelectorAll("details")].map((d) => d.open);
    const ticked = new Set([...live.querySelectorAll("input[type=checkbox]:checked")].map((i) => i.value));
    const left = [...live.querySelectorAll(".scroll")].map((s) => s.scrollLeft);
    const focused = name(document.activeElement);
    live.replaceChildren(whole(JSON.parse(event.data)));
    live.querySelectorAll("details").forEach((d, i) => { if (i in open) d.open = open[i]; });
    live.querySelectorAll("input[type=checkbox]").forEach((i) => { i.checked = ticked.has(i.value); });
    live.querySelectorAll(".scroll").forEach((s, i) => { s.scrollLeft = left[i] || 0; });
    if (focused) { const again = live.querySelector(focused); if (again) again.focus({ preventScroll: true }); }
    const now = live.querySelector(".working strong") ? "Something is working" : "Nothing is working";
    if (before && before !== now) document.querySelector("#heard").textContent = now;
    before = now;
  });
  addEventListener("pagehide", () => source.close());
}

// Verdict: judged again by the server shortly after the last change.
const knobs = document.querySelector("#knobs");
if (knobs) {
  const said = document.querySelector("#judging"), answer = document.querySelector("#answer"), PAUSE_MS = 350;
  let timer = 0, asking = null;
  const judge = async () => {
    if (asking) asking.abort();
    const mine = asking = new AbortController();
    const asked = new URLSearchParams();
    for (const input of knobs.querySelectorAll("input[name]")) {
      const turned = input.value.trim() !== input.dataset.plan;
      input.closest(".knob").classList.toggle("turned", turned);
      if (turned) asked.set(input.name, input.value);
    }
    said.textContent = "Judging …";
    document.body.classList.add("waiting");
    try {
      const found = await fetch(`${knobs.dataset.moved}?${asked}`, { signal: mine.signal, credentials: "same-origin" });
      if (!found.ok && found.status !== 422) throw new Error(String(found.status));
      const html = whole(await found.text());
      if (found.ok) answer.replaceChildren(html);
      else answer.querySelector("#moved").replaceWith(html.querySelector("#moved"));
      history.replaceState(null, "", asked.size ? `?${asked}` : location.pathname);
      said.textContent = found.ok ? (asked.size ? "Judged again." : "As in the plan.") : "";
    } catch (error) {
      if (error.name === "AbortError") return;
      said.textContent = "The studio does not answer. Is it still running?";
    }
    if (asking === mine) document.body.classList.remove("waiting");
  };
  knobs.addEventListener("input", () => { clearTimeout(timer); timer = setTimeout(judge, PAUSE_MS); });
  knobs.addEventListener("submit", (event) => { event.preventDefault(); clearTimeout(timer); judge(); });
}

// Playground: each answer is listened to by itself.
const ask = document.querySelector("#ask");
if (ask && window.EventSource) {
  const note = ask.querySelector("#note"), place = document.querySelector("#answers");
  const shown = (name, i) => {
    const article = document.createElement("article"), head = document.createElement("h2"), text = document.createElement("div"), foot = document.createElement("p");
    head.textContent = name; text.className = "spoken"; text.dir = "auto"; foot.className = "quiet"; foot.textContent = "…";
    article.append(head, text, foot);
    return { article, text, foot, i };
  };
  const rating = (id, answers) => {
    const form = whole(document.querySelector("#rating").innerHTML).querySelector("form"), ticks = form.querySelector(".choose");
    form.action = `/playground/${id}/rate`;
    for (const a of answers.filter((x) => !x.failed).reverse()) {
      const label = document.createElement("label"), input = document.createElement("input");
      Object.assign(input, { type: "radio", name: "choice", value: String(a.i), required: true });
      label.append(input, ` Answer ${a.i + 1}`);
      ticks.prepend(label);
    }
    place.append(form);
  };
  ask.addEventListener("submit", async (event) => {
    event.preventDefault();
    note.textContent = "Asking …";
    const body = new URLSearchParams(new FormData(ask)), blind = body.has("blind");
    try {
      const found = await fetch(ask.action, { method: "POST", body, headers: { Accept: "application/json" }, credentials: "same-origin" });
      const told = await found.json();
      if (!found.ok) { note.textContent = told.error; return; }
      const side = document.createElement("div"), answers = told.names.map(shown);
      side.className = "side";
      side.append(...answers.map((a) => a.article));
      place.replaceChildren(side);
      let open = answers.length;
      for (const a of answers) {
        const source = new EventSource(`/playground/${told.id}/${a.i}`);
        const end = (words) => { source.close(); a.foot.textContent = words; open -= 1; if (open) return; note.textContent = "All have answered."; if (blind) rating(told.id, answers); };
        source.onmessage = (piece) => {
          const data = JSON.parse(piece.data);
          if (data.piece) a.text.textContent += data.piece;
          if (!data.done) return;
          a.failed = data.failed;
          if (data.failed) { a.text.textContent = data.failed; a.text.classList.add("warn"); } else if (!a.text.textContent.trim()) a.text.textContent = "(nothing)";
          end(`${data.seconds} s`);
        };
        source.onerror = () => { if (source.readyState !== EventSource.OPEN) { a.failed = "lost"; end("The connection was lost."); } };
      }
    } catch { note.textContent = "The studio does not answer. Is it still running?"; }
  });
}
