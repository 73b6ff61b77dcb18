// The page's script. Everything that a peer has sent comes in printable notation, and is shown by textContent alone.
"use strict";
(() => {
const byID = (id) => document.getElementById(id);
const rows = new Map();     // by id: {row, item, button, cells}
const stories = new Map();  // by id: {steps: Map, first, last}
const panels = { chosen: panel(byID("chosen")), faulty: panel(byID("faulty")), right: panel(byID("right")) };
let stops = [], stop = 0, paused = false, source = null, listening = "";

function make(tag, props, ...children) {
  const e = document.createElement(tag);
  Object.assign(e, props);
  e.append(...children);
  return e;
}

// --- the stream

function listen() {
  const ids = [...new Set(Object.values(panels).map((p) => p.row).filter((id) => id > 0))].join(",");
  if (source && ids === listening) return;
  if (source) source.close();
  listening = ids;
  source = new EventSource("events?rows=" + ids);
  source.onopen = () => { byID("state").textContent = "live"; };
  source.onerror = () => { byID("state").textContent = "not connected; trying again …"; };
  source.onmessage = (m) => take(JSON.parse(m.data));
}

function take(update) {
  for (const row of update.rows) known(row);
  const there = new Set(update.ids);
  for (const [id, r] of rows) {
    if (there.has(id)) continue;
    r.gone = true;
    if (!shown(id)) { r.item.remove(); rows.delete(id); stories.delete(id); }
  }
  for (const c of update.stories) grow(c);
  byID("none").hidden = rows.size > 0;
  const changed = new Set([...update.stories.map((c) => c.row), ...update.rows.map((r) => r.id)]);
  for (const p of Object.values(panels)) if (changed.has(p.row)) p.draw();
}

function shown(id) { return Object.values(panels).some((p) => p.row === id); }

function known(row) {
  let r = rows.get(row.id);
  if (!r) {
    r = newRow(row.id);
    rows.set(row.id, r);
    if (!paused) byID("rows").prepend(r.item);
    else r.waits = true;
    for (const p of Object.values(panels)) if (p.expects && row.server === p.expects.server && row.id > p.expects.behind) p.show(row.id);
  }
  r.row = row;
  for (const p of Object.values(panels)) if (p.isOf(row) && p.row !== row.id) p.show(row.id);
  fill(r);
}

function newRow(id) {
  const cells = {};
  const button = make("button", { type: "button" });
  for (const name of ["conn", "remote", "state", "age", "bytes", "why"]) {
    cells[name] = make("span", { className: name });
    button.append(cells[name]);
  }
  button.setAttribute("aria-pressed", "false");
  button.addEventListener("click", () => choose(id));
  return { button, cells, item: make("li", {}, button) };
}

function fill(r) {
  const { row, cells } = r;
  cells.conn.textContent = (row.server && row.server !== "lab" ? row.server + " " : "#") + row.conn;
  cells.remote.textContent = row.remote + (row.tls ? " TLS" : "");
  cells.state.textContent = row.state;
  cells.state.className = "state state-" + row.state;
  cells.age.textContent = (row.early ? "over " : "") + age((row.ended || Date.now()) - row.began);
  cells.bytes.textContent = row.requests + (row.requests === 1 ? " request" : " requests");
  cells.why.textContent = size(row.in) + " in, " + size(row.out) + " out" + (row.early ? " since looked at" : "") + (row.reason ? "; " + row.reason : "");
}

function age(ms) {
  if (ms < 1000) return Math.max(0, Math.round(ms)) + " ms";
  return ms < 120000 ? (ms / 1000).toFixed(1) + " s" : Math.round(ms / 60000) + " min";
}

function size(n) { return n < 10000 ? n + " B" : n < 1e7 ? Math.round(n / 1024) + " KiB" : Math.round(n / 1048576) + " MiB"; }

setInterval(() => { for (const r of rows.values()) if (r.row && !r.row.ended) fill(r); }, 1000);

function choose(id) {
  byID("chosen").hidden = false;
  panels.chosen.show(id);
  for (const [other, r] of rows) r.button.setAttribute("aria-pressed", String(other === id));
}

byID("rows").addEventListener("keydown", (e) => {
  const move = { ArrowDown: "nextElementSibling", ArrowUp: "previousElementSibling" }[e.key];
  const item = move && e.target.closest("li") && e.target.closest("li")[move];
  if (item) { e.preventDefault(); item.querySelector("button").focus(); }
});

byID("pause").addEventListener("click", () => {
  paused = !paused;
  byID("pause").setAttribute("aria-pressed", String(paused));
  if (paused) return;
  for (const r of rows.values()) if (r.waits) { r.waits = false; byID("rows").prepend(r.item); }
});

// --- stories

function grow(chapter) {
  let s = stories.get(chapter.row);
  if (!s) stories.set(chapter.row, s = { steps: new Map() });
  for (const step of chapter.steps) s.steps.set(step.n, step);
  for (const n of s.steps.keys()) if (n >= chapter.first && n < chapter.last) s.steps.delete(n);
  s.first = chapter.first; s.dropped = chapter.last - chapter.first;
}

function panel(root) {
  const title = make("h2"), why = make("p"), links = make("div", { className: "buttons" }), picture = make("div", { className: "picture" });
  const text = make("p"), result = make("p", { className: "result" });
  result.setAttribute("role", "status");
  root.append(title, text, result, why, links, picture);
  const p = { row: 0, root, title, text, result, heading: "" };
  p.show = (id) => { if (p.row !== id) { p.row = id; p.draw(); listen(); } };
  p.isOf = (row) => p.client && row.remote === p.client && row.local === p.server;
  p.clear = () => { p.row = 0; p.client = ""; p.expects = null; why.textContent = ""; result.textContent = ""; links.replaceChildren(); picture.replaceChildren(); };
  p.draw = () => {
    const r = rows.get(p.row), s = stories.get(p.row);
    if (!r || !r.row) return;
    const row = r.row;
    title.textContent = p.heading || (row.server || "server") + ", connection " + row.conn;
    why.textContent = "from " + row.remote + ", " + row.state + (row.text ? ". It ends with: " + row.text + (row.section ? " " + row.section : "") : "") +
      (row.recorded ? "" : ". Its bytes are not known" + (row.early ? ": it began before anybody looked." : "."));
    if (links.childElementCount === 0 || links.dataset.row !== String(p.row)) {
      links.dataset.row = p.row;
      links.replaceChildren(...[["dialogue", "Dialogue"], ["json", "JSON"], ["mermaid", "Mermaid"]].map(([as, text]) =>
        make("a", { className: "button", href: "export?row=" + p.row + "&as=" + as, download: "", textContent: "Export as " + text })));
    }
    if (s) picture.replaceChildren(diagram(s, Math.max(320, Math.min(1100, root.clientWidth || 360))));
  };
  return p;
}

addEventListener("resize", () => { for (const p of Object.values(panels)) p.draw(); });

// --- the diagram

const svgNS = "http://www.w3.org/2000/svg";
function shape(tag, attributes, text) {
  const e = document.createElementNS(svgNS, tag);
  for (const [k, v] of Object.entries(attributes)) e.setAttribute(k, v);
  if (text !== undefined) e.textContent = text;
  return e;
}

const letters = { head: "H", framing: "F", content: "C", refused: "R", behind: "B", other: "O" };
const lineHigh = 16, charWide = 7.3;

function diagram(story, width) {
  const narrow = width < 560;
  const left = narrow ? 14 : 92, right = width - 14;
  const most = Math.max(20, Math.floor((right - left - 40) / charWide));
  const marks = [];
  let y = 18;
  marks.push(shape("text", { x: left - 8, y, class: "small" }, "client"), shape("text", { x: right + 8, y, class: "small", "text-anchor": "end" }, "server"));
  const line = (x, text, kind, letter) => {
    y += lineHigh;
    if (letter) marks.push(shape("text", { x: left + 8, y, class: "k-" + kind, "font-weight": "bold" }, letter));
    marks.push(shape("text", { x, y, class: kind.startsWith("plain") ? kind.slice(6) || "small" : "k-" + kind }, text));
  };
  const steps = [...story.steps.values()].sort((a, b) => a.n - b.n);
  const labels = [];
  for (const step of steps) {
    if (story.dropped > 0 && step.n >= story.first + story.dropped && !labels.dropped) {
      labels.dropped = true;
      line(left + 24, "… " + story.dropped + " steps are not kept", "plain more");
    }
    y += 6;
    const time = "+" + step.at.toFixed(1) + " ms" + (step.until - step.at > 1 ? "…" : "");
    if (narrow) line(left + 8, time, "plain time");
    else marks.push(shape("text", { x: left - 10, y: y + lineHigh, class: "time", "text-anchor": "end" }, time));
    if (step.kind === "in" || step.kind === "out") {
      for (const p of step.pieces || []) piece(p, line, left + 24, most);
      if (step.dropped) line(left + 24, "… " + step.dropped + " pieces more", "plain more");
      arrow(marks, left, right, y += 8, step.kind === "in");
      line(left + 24, step.bytes + (step.bytes === 1 ? " byte" : " bytes") + (step.kind === "in" ? " from the client" : " from the server"), "plain small");
      y -= 2;
    } else {
      const lines = wrapWords(step.text + (step.section ? " (" + step.section + ")" : ""), most + 1);
      marks.push(shape("rect", { x: left + 10, y: y + 3, width: right - left - 20, height: lines.length * lineHigh + 6, rx: 4,
        class: "box" + (step.grave ? " grave" : step.stray ? " stray" : "") }));
      for (const text of lines) line(left + 18, text, "plain text");
      y += 6;
    }
  }
  y += 16;
  const svg = shape("svg", { viewBox: "0 0 " + width + " " + y, role: "img", "aria-label": "sequence diagram of the connection" });
  svg.append(shape("line", { x1: left, x2: left, y1: 24, y2: y - 4, class: "life" }), shape("line", { x1: right, x2: right, y1: 24, y2: y - 4, class: "life" }), ...marks);
  return svg;
}

function piece(p, line, x, most) {
  let letter = letters[p.kind] || "?";
  const put = (text) => { for (const part of wrap(text, most)) { line(x, part, p.kind, letter); letter = ""; } };
  for (const text of p.lines.slice(0, 40)) put(text);
  if (p.more) put("… " + p.more + " bytes more");
  if (p.last) put(p.last);
  if (p.rule) for (const part of wrapWords("✗ " + p.rule + " (" + p.section + ")", most)) line(x, part, "refused", "");
  if (p.note) for (const part of wrapWords((p.kind === "head" ? "└ the head ends: " : "└ ") + p.note, most)) line(x, part, "plain small", "");
}

function arrow(marks, left, right, y, toServer) {
  const [from, to, back] = toServer ? [left, right, -8] : [right, left, 8];
  marks.push(shape("line", { x1: from, x2: to, y1: y, y2: y, class: "arrow" }),
    shape("path", { d: "M" + to + " " + y + "l" + back + " -4v8z", class: "tip" }));
}

// wrapWords breaks prose between words.
function wrapWords(text, most) {
  const all = [];
  let at = "";
  for (const word of text.split(" ")) {
    if (at && at.length + 1 + word.length > most) { all.push(at); at = ""; }
    at += (at && " ") + word;
  }
  return [...all, at].flatMap((part) => wrap(part, most)).slice(0, 12);
}

// wrap breaks what was sent where it must be broken.
function wrap(text, most) {
  const all = [], chars = [...text];
  for (let i = 0; i < chars.length && all.length < 12; i += most) all.push(chars.slice(i, i + most).join(""));
  return all.length ? all : [""];
}

// --- buttons and the tour

async function play(id, on) {
  const since = on.expects.behind;
  on.client = "";
  try {
    const answer = await (await fetch("play?id=" + encodeURIComponent(id), { method: "POST" })).json();
    on.expects = null;
    on.client = answer.client;
    on.server = answer.server;
    for (const [id, r] of rows) if (r.row && on.isOf(r.row) && id >= since) on.show(id);
    on.said = answer.said || "";
    return answer.error || "";
  } catch (e) {
    return "the page's server did not answer: " + e.message;
  }
}

function newest() { return Math.max(0, ...rows.keys()); }

async function press(button, b) {
  button.disabled = true;
  byID("chosen").hidden = false;
  panels.chosen.expects = { server: "lab", behind: newest() };
  byID("said").textContent = b.name + ": " + b.text + " Playing …";
  const wrong = await play(b.id, panels.chosen);
  byID("said").textContent = b.name + ": " + b.text + (panels.chosen.said ? " " + panels.chosen.said : "") + (wrong ? " The client ends with: " + wrong : "");
  button.disabled = false;
  button.focus();
}

function visit(n) {
  stop = (n + stops.length) % stops.length;
  const s = stops[stop];
  byID("stop-name").textContent = (stop + 1) + ". " + s.name;
  byID("stop-text").textContent = s.text + (s.ref ? " (" + s.ref + ")" : "");
  [...byID("stops").children].forEach((b, i) => b.setAttribute("aria-pressed", String(i === stop)));
  for (const [side, b] of [[panels.faulty, s.faulty], [panels.right, s.right]]) {
    side.clear();
    side.title.textContent = b.name;
    side.text.textContent = b.text;
  }
}

async function playBoth() {
  const at = stop, s = stops[stop], button = byID("play-both");
  button.disabled = true;
  button.textContent = "Playing …";
  const sides = [[panels.faulty, s.faulty, "broken"], [panels.right, s.right, "spillway"]];
  for (const [side, , server] of sides) { side.clear(); side.expects = { server, behind: newest() }; }
  await Promise.all(sides.map(async ([side, b]) => {
    const wrong = await play(b.id, side);
    if (at !== stop) return;
    side.result.textContent = wrong ? "✗ The client ends with: " + wrong + "." : "✓ The client got all that it asked for.";
  }));
  button.textContent = "Play it against both";
  button.disabled = false;
  button.focus();
}

function view(tour) {
  byID("tour").hidden = !tour;
  byID("list").hidden = tour;
  byID("chosen").hidden = tour || !panels.chosen.row;
  byID("show-list").setAttribute("aria-pressed", String(!tour));
  byID("show-tour").setAttribute("aria-pressed", String(tour));
  for (const p of Object.values(panels)) p.draw();
}

byID("show-list").addEventListener("click", () => view(false));
byID("show-tour").addEventListener("click", () => { view(true); byID("stop-name").focus(); });
byID("before").addEventListener("click", () => visit(stop - 1));
byID("next").addEventListener("click", () => visit(stop + 1));
byID("play-both").addEventListener("click", playBoth);

fetch("plays").then((r) => r.json()).then((all) => {
  const lists = new Map();
  for (const b of all.plays) {
    if (b.group) {
      if (!lists.has(b.group)) {
        lists.set(b.group, make("optgroup", { label: b.group }));
        byID("scenario").append(lists.get(b.group));
      }
      lists.get(b.group).append(make("option", { value: b.id, textContent: b.name }));
      continue;
    }
    const button = make("button", { type: "button", textContent: b.name, title: b.text });
    button.addEventListener("click", () => press(button, b));
    byID("plays").append(button);
  }
  byID("lists").hidden = lists.size === 0;
  byID("play-scenario").addEventListener("click", () => press(byID("play-scenario"), all.plays.find((b) => b.id === byID("scenario").value)));
  stops = all.tour;
  byID("show-tour").hidden = stops.length === 0;
  stops.forEach((s, i) => {
    const button = make("button", { type: "button", textContent: (i + 1) + ". " + s.name });
    button.addEventListener("click", () => visit(i));
    byID("stops").append(button);
  });
  if (stops.length) visit(0);
}).catch((e) => { byID("said").textContent = "no buttons: " + e.message; });

listen();
})();
