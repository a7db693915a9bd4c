"use strict";
// All that comes from the twin is put in as text (textContent), never as markup.

const PAGE = 200;
const state = { tenant: null, from: 0, job: null, zone: "UTC" };
const shown = new Map();
let turn = 0;
const at = (id) => document.getElementById(id);

function cell(text, kind) {
  const made = document.createElement("td");
  made.textContent = text;
  if (kind) made.className = kind;
  return made;
}

function button(text, act) {
  const made = document.createElement("button");
  made.textContent = text;
  made.addEventListener("click", act);
  return made;
}

function line(...cells) {
  const made = document.createElement("tr");
  made.append(...cells);
  return made;
}

function head(...titles) {
  const row = document.createElement("tr");
  for (const title of titles) {
    const made = document.createElement("th");
    made.textContent = title;
    row.append(made);
  }
  at("journal-head").replaceChildren(row);
}

// A time in the twin's zone; what is none (a row written by hand may say anything) stays as it is.
function time(text) {
  const instant = new Date(String(text).replace(/\+0000$/, "Z"));
  return isNaN(instant) ? String(text) : instant.toLocaleString("sv-SE", { timeZone: state.zone });
}

async function get(path) {
  const reply = await fetch(path);
  if (!reply.ok) throw new Error(`HTTP ${reply.status}`);
  return reply.json();
}

// Calls *put* when *told* is not what it was the last time: what has not changed keeps its focus and its selection.
function renew(name, told, put) {
  const text = JSON.stringify(told);
  if (shown.get(name) === text) return;
  shown.set(name, text);
  put();
}

function choose(change) {
  Object.assign(state, change);
  refresh();
}

function tenantRow(name, count) {
  const chosen = button("", () => choose({ tenant: name, from: 0, job: null }));
  const label = document.createElement("span");
  label.textContent = name;
  const number = document.createElement("span");
  number.textContent = count.toLocaleString("en");
  chosen.append(label, number);
  chosen.setAttribute("aria-current", String(name === state.tenant));
  const made = document.createElement("li");
  made.append(chosen);
  return made;
}

function jobRow(job) {
  const name = cell("", "text");
  name.append(button(job.name, () => { choose({ job }); at("journal-title").scrollIntoView({ block: "nearest" }); }));
  const next = job.next_fire === null ? cell("never", "never") : cell(time(job.next_fire));
  const made = line(
    cell(job.code), name, cell(job.cron, "cron"), cell(job.status, job.status), next,
    cell(job.fires.toLocaleString("en"), "number"),
  );
  made.setAttribute("aria-current", String(state.job !== null && state.job.jobinfoid === job.jobinfoid));
  return made;
}

function showHead(seen, names) {
  const { now, timezone, speed } = seen.clock;
  at("clock").textContent = `${time(now)} ${timezone}${speed === 1 ? "" : speed === 0 ? ", stands still" : `, ${speed} × as fast`}`;
  at("count").textContent = names.reduce((sum, name) => sum + seen.tenants[name], 0).toLocaleString("en");
  at("fires").textContent = seen.fires.toLocaleString("en");
  at("requests").textContent = seen.requests.toLocaleString("en");
}

function showTenants(tenants, names) {
  renew("tenants", [tenants, state.tenant], () => at("tenants").replaceChildren(...names.map((name) => tenantRow(name, tenants[name]))));
  at("no-tenants").hidden = names.length > 0;
}

function showJobs({ count, jobs }) {
  renew("jobs", [state.tenant, state.job, jobs], () => at("jobs").replaceChildren(...jobs.map(jobRow)));
  at("jobs-title").textContent = state.tenant === null ? "Jobs" : `Jobs of ${state.tenant}`;
  at("range").textContent = count ? `${state.from + 1}–${state.from + jobs.length} of ${count.toLocaleString("en")}` : "none";
  at("back").disabled = state.from === 0;
  at("next").disabled = state.from + jobs.length >= count;
}

function showRecent(recent) {
  at("journal-title").textContent = "Recent fires";
  renew("journal", [state.zone, recent], () => {
    head("Fired", "Job");
    at("journal").replaceChildren(...recent.map((row) => line(cell(time(row.fired)), cell(`${row.tenant} · ${row.name}`, "text"))));
  });
}

function showJournal({ rows }) {
  at("journal-title").textContent = `Journal of ${state.job.name}`;
  renew("journal", [state.zone, rows], () => {
    head("Fired", "What happened");
    at("journal").replaceChildren(...rows.map((row) => line(
      cell(time(row.triggertime)),
      cell(row.exedes ? `${row.exestatus}: ${row.exedes}` : row.exestatus, row.exestatus === "success" ? "text" : "text failure"),
    )));
  });
}

// Asks for everything first, and shows it only when nothing else was chosen meanwhile.
async function refresh() {
  const mine = ++turn;
  try {
    const seen = await get("/_twin/overview");
    if (mine !== turn) return;
    const names = Object.keys(seen.tenants).sort();
    if (!names.includes(state.tenant)) Object.assign(state, { tenant: names[0] ?? null, from: 0, job: null });
    state.zone = seen.clock.timezone;
    const tenant = state.tenant ?? "";
    const jobs = await get(`/_twin/jobs?${new URLSearchParams({ tenant, find: at("find").value, from: state.from })}`);
    const journal = state.job && await get(`/_twin/journal?${new URLSearchParams({ tenant, jobinfoid: state.job.jobinfoid })}`);
    if (mine !== turn) return;
    showHead(seen, names);
    showTenants(seen.tenants, names);
    showJobs(jobs);
    at("all").disabled = state.job === null;
    if (journal === null) showRecent(seen.recent); else showJournal(journal);
    at("trouble").hidden = true;
  } catch (error) {
    at("trouble").textContent = `The twin does not answer: ${error.message}`;
    at("trouble").hidden = false;
  }
}

at("find").addEventListener("input", () => choose({ from: 0 }));
at("back").addEventListener("click", () => choose({ from: Math.max(0, state.from - PAGE) }));
at("next").addEventListener("click", () => choose({ from: state.from + PAGE }));
at("all").addEventListener("click", () => choose({ job: null }));
refresh();
setInterval(() => { if (!document.hidden) refresh(); }, 2000);
