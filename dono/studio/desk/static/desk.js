"use strict";
// The pages work without this file. It adds keys, drafts, the time at the item, and patience with a lost connection.
const WAITING = "dono-waiting", RETRY_MS = 3000, DRAFT_MS = 1200, IDLE_MS = 60000;
const form = document.querySelector("form.answer");
const note = document.querySelector("#note");
const headers = { "Accept": "application/json", "Content-Type": "application/x-www-form-urlencoded" };
const say = (text, kind) => { if (note) { note.textContent = text; note.className = kind || ""; } };

// Time at the item: while the page is seen, and something moved within the last minute.
let active = 0, moved = Date.now(), tick = Date.now();
for (const what of ["keydown", "pointerdown", "pointermove", "scroll"]) addEventListener(what, () => { moved = Date.now(); }, { passive: true });
setInterval(() => {
  const now = Date.now();
  if (document.visibilityState === "visible" && now - moved < IDLE_MS) active += now - tick;
  tick = now;
}, 500);

const fields = () => { const data = new URLSearchParams(new FormData(form)); data.set("active", (active / 1000).toFixed(1)); return data; };

async function post(action, body) {
  const answer = await fetch(action, { method: "POST", headers, body, credentials: "same-origin" });
  if (answer.status >= 500) throw new Error("the server is away");
  return answer;
}

// What could not be sent waits on this device until it can.
async function deliver() {
  const waiting = JSON.parse(localStorage.getItem(WAITING) || "null");
  if (!waiting) return;
  try {
    const answer = await post(waiting.action, waiting.body);
    localStorage.removeItem(WAITING);
    if (answer.ok && form && form.action === waiting.action) location.assign((await answer.json()).next);
    else if (answer.ok) say(document.body.dataset.sent, "good");
    else location.reload();
  } catch {
    say(document.body.dataset.offline, "warn");
    setTimeout(deliver, RETRY_MS);
  }
}
addEventListener("online", deliver);
deliver();

if (form) {
  let timer = 0, sending = false;
  const draft = () => {
    clearTimeout(timer);
    if ("changing" in form.dataset) return;
    timer = setTimeout(async () => {
      if (sending) return;
      say(document.body.dataset.saving);
      try { if ((await post(form.dataset.draft, fields())).ok && !sending) say(document.body.dataset.saved); } catch { /* said when it is sent */ }
    }, DRAFT_MS);
  };
  form.addEventListener("input", draft);

  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    if (sending) return;
    sending = true;
    clearTimeout(timer);
    const action = form.action, body = fields().toString();
    try {
      const answer = await post(action, body);
      if (answer.ok) { location.assign((await answer.json()).next); return; }
      const problem = (await answer.json()).error;
      say(document.body.dataset[problem] || document.body.dataset.error_form, "warn");
      sending = false;
    } catch {
      localStorage.setItem(WAITING, JSON.stringify({ action, body }));
      say(document.body.dataset.offline, "warn");
      setTimeout(deliver, RETRY_MS);
    }
  });

  const pick = (input) => {
    if (!input) return;
    input.checked = true;
    input.focus();
    input.dispatchEvent(new Event("input", { bubbles: true }));
  };
  addEventListener("keydown", (event) => {
    const typing = event.target.matches("textarea, select, input[type=text]");
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey || (!typing && !event.target.matches("a, button, summary")))) {
      event.preventDefault();
      form.requestSubmit();
      return;
    }
    if (typing || event.ctrlKey || event.metaKey || event.altKey) return;
    const key = event.key.toLowerCase();
    if (key === "u") { const undo = document.querySelector("a.undo"); if (undo) undo.click(); return; }
    const plain = form.querySelector(`input[data-key="${CSS.escape(key)}"]`);
    if (plain) { event.preventDefault(); pick(plain); return; }
    if (/^[1-5]$/.test(key) && form.dataset.kind === "rubric") {
      event.preventDefault();
      const groups = [...form.querySelectorAll("fieldset.criterion")];
      const open = groups.find((g) => !g.querySelector("input:checked")) || groups[groups.length - 1];
      pick(open.querySelector(`input[value="${key}"]`));
    }
  });
}
