"use strict";
// All that comes from the twin is put in as text (textContent), never as markup.

const PAGE = 200;
const state = { tenant: null, from: 0, job: null };
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

async function get(path) {
  const reply = await fetch(path);
  if (!reply.ok) throw new Error(`HTTP ${reply.status}`);
  return reply.json();
}

function tenantRow(name, count) {
  const choose = button("", () => { state.tenant = name; state.from = 0; state.job = null; refresh(); });
  const label = document.createElement("span");
  label.textContent = name;
  const number = document.createElement("span");
  number.textContent = count.toLocaleString("en");
  choose.append(label, number);
  choose.setAttribute("aria-current", String(name === state.tenant));
  const made = document.createElement("li");
  made.append(choose);
  return made;
}

function jobRow(job) {
  const name = document.createElement("td");
  name.append(button(job.name, () => { state.job = job; refresh(); }));
  return line(
    cell(job.code), name, cell(job.cron, "cron"), cell(job.status, job.status === "enable" ? "" : "off"),
    cell(job.next_fire ?? "never"), cell(job.fires.toLocaleString("en")),
  );
}

async function showJobs() {
  at("jobs-title").textContent = state.tenant === null ? "Jobs" : `Jobs of ${state.tenant}`;
  if (state.tenant === null) { at("jobs").replaceChildren(); at("range").textContent = ""; return; }
  const asked = new URLSearchParams({ tenant: state.tenant, find: at("find").value, from: state.from });
  const { count, jobs } = await get(`/_twin/jobs?${asked}`);
  at("jobs").replaceChildren(...jobs.map(jobRow));
  at("range").textContent = count ? `${state.from + 1}–${state.from + jobs.length} of ${count.toLocaleString("en")}` : "none";
  at("back").disabled = state.from === 0;
  at("on").disabled = state.from + jobs.length >= count;
}

async function showJournal(recent) {
  at("all").hidden = state.job === null;
  if (state.job === null) {
    at("journal-title").textContent = "Recent fires";
    head("Fired", "Tenant", "Job");
    at("journal").replaceChildren(...recent.map((row) => line(cell(row.fired), cell(row.tenant), cell(row.name))));
    return;
  }
  const asked = new URLSearchParams({ tenant: state.tenant, jobinfoid: state.job.jobinfoid });
  const { rows } = await get(`/_twin/journal?${asked}`);
  at("journal-title").textContent = `Journal of ${state.job.name}`;
  head("Fired", "Run", "What happened");
  at("journal").replaceChildren(...rows.map((row) => line(
    cell(row.triggertime), cell(row.exestatus, row.exestatus === "success" ? "" : "failure"), cell(row.exedes),
  )));
}

async function refresh() {
  try {
    const seen = await get("/_twin/overview");
    const names = Object.keys(seen.tenants);
    if (!names.includes(state.tenant)) { state.tenant = names[0] ?? null; state.from = 0; state.job = null; }
    at("clock").textContent = `${seen.clock.now} (${seen.clock.timezone}, ${seen.clock.speed} ×)`;
    at("count").textContent = Object.values(seen.tenants).reduce((sum, one) => sum + one, 0).toLocaleString("en");
    at("fires").textContent = seen.fires.toLocaleString("en");
    at("requests").textContent = seen.requests.toLocaleString("en");
    at("tenants").replaceChildren(...names.map((name) => tenantRow(name, seen.tenants[name])));
    at("no-tenants").hidden = names.length > 0;
    await showJobs();
    await showJournal(seen.recent);
    at("trouble").hidden = true;
  } catch (error) {
    at("trouble").textContent = `The twin does not answer: ${error.message}`;
    at("trouble").hidden = false;
  }
}

at("find").addEventListener("input", () => { state.from = 0; refresh(); });
at("back").addEventListener("click", () => { state.from = Math.max(0, state.from - PAGE); refresh(); });
at("on").addEventListener("click", () => { state.from += PAGE; refresh(); });
at("all").addEventListener("click", () => { state.job = null; refresh(); });
refresh();
setInterval(() => { if (!document.hidden) refresh(); }, 2000);
