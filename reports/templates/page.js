"use strict";
(() => {
  // The page is whole without this script. It adds: search and filters (kept in the URL's fragment), the findings beyond
  // the first of a check, links to one finding, tickets, and keys. Data reaches the page as text only.
  // The page's own parts are found by their place, not by an id: a check may be called "data" or "__proto__".
  const all = (selector, root = document) => [...root.querySelectorAll(selector)];
  const data = JSON.parse(document.querySelector("script[type='application/json']").textContent);
  const severities = ["advice", "low", "medium", "high", "critical"];
  const fields = ["q", "outcome", "severity", "stage", "family"];
  const BATCH = 200;
  const form = document.querySelector(".filters");
  const input = (name) => form.querySelector("#" + name);
  const status = form.querySelector("[role=status]");

  // Rows beyond the first: [anchor, subject, unknown, severity, expected, actual, advice, request, field, excerpt, ...],
  // numbers that point into data.strings.
  const strings = data.strings;
  const rests = new Map(Object.entries(data.rows));
  const rowText = (row) => row.map((i) => strings[i]).join("\n").toLowerCase();

  const checks = all(".check").map((element) => ({
    element,
    id: element.id,
    shell: element.closest(".pending") || element,
    group: element.closest(".group"),
    stage: element.closest(".group").dataset.stage,
    rows: all(".findings tbody tr", element),
    more: element.querySelector(".more"),
    rest: rests.get(element.id) || [],
    drawn: 0,
  }));
  const byId = new Map(checks.map((check) => [check.id, check]));

  function texts(check) {
    if (!check.own) {
      const copy = check.shell.cloneNode(true);
      all(".findings tbody, .actions, .more", copy).forEach((part) => part.remove());
      check.own = [copy.textContent, check.stage, check.element.dataset.outcome, check.element.dataset.severity].join(" ").toLowerCase();
      check.rowTexts = check.rows.map((row) => row.textContent.toLowerCase());
      check.restTexts = check.rest.map(rowText);
    }
    return check;
  }

  function element(tag, text, className) {
    const made = document.createElement(tag);
    if (text) made.textContent = text;
    if (className) made.className = className;
    return made;
  }

  function drawRow(row) {
    const [anchor, subject, unknown, severity, expected, actual, advice, ...places] = row.map((i) => strings[i]);
    const made = element("tr", "", unknown ? "unknown" : "");
    made.id = anchor;
    const first = element("td");
    first.append(element("b", subject), " ");
    const link = element("a", "#", "anchor");
    link.href = "#" + anchor;
    link.setAttribute("aria-label", "Link to this finding");
    first.append(link);
    if (severity) first.append(" ", element("span", severity, "severity " + severity));
    if (advice) first.append(element("p", advice));
    const last = element("td");
    for (let i = 0; i < places.length; i += 3) {
      const place = element("div", "", "place");
      place.append(element("code", places[i]));
      if (places[i + 1]) place.append(" ", element("span", "→", "arrow"), " ", element("code", places[i + 1]));
      if (places[i + 2]) place.append(" ", element("q", places[i + 2]));
      last.append(place);
    }
    made.append(first, element("td", expected), element("td", actual), last);
    made.dataset.drawn = "";
    return made;
  }

  // Draws the next rows that the present search leaves; all that went before stay.
  function draw(check, number) {
    const body = check.element.querySelector(".findings tbody");
    body.append(...check.left.slice(check.drawn, check.drawn + number).map((i) => drawRow(check.rest[i])));
    check.drawn = Math.min(check.drawn + number, check.left.length);
    label(check);
  }

  function label(check) {
    const left = check.left.length - check.drawn;
    check.more.hidden = !left;
    check.more.querySelector("span").textContent = left.toLocaleString("en") + (left === 1 ? " more finding" : " more findings");
  }

  function rewind(check) {
    all("tr[data-drawn]", check.element).forEach((row) => row.remove());
    check.drawn = 0;
  }

  function matches(check, words) {
    if (!words.length) {
      check.rows.forEach((row) => { if (row.hidden) row.hidden = false; });
      check.left = check.rest.map((_, i) => i);
      return true;
    }
    texts(check);
    const missing = words.filter((word) => !check.own.includes(word));
    const fits = (text) => missing.every((word) => text.includes(word));
    let found = !missing.length;
    check.rows.forEach((row, i) => {
      const hidden = !fits(check.rowTexts[i]);
      if (row.hidden !== hidden) row.hidden = hidden;
      found ||= !hidden;
    });
    check.left = check.rest.map((_, i) => i).filter((i) => fits(check.restTexts[i]));
    return found || check.left.length > 0;
  }

  function apply() {
    const [q, outcome, severity, stage, family] = fields.map((name) => input(name).value);
    const words = q.toLowerCase().split(/\s+/).filter(Boolean);
    let shown = 0;
    for (const check of checks) {
      const { outcome: its, severity: grave } = check.element.dataset;
      const fits = (!outcome || its === outcome) && (!stage || check.stage === stage) && (!family || check.id.startsWith(family)) &&
        (!severity || severities.indexOf(grave) >= severities.indexOf(severity)) && matches(check, words);
      check.shell.hidden = !fits;
      shown += fits;
      if (fits && check.rest.length) {
        rewind(check);
        label(check);
        if (words.length && check.rows.every((row) => row.hidden)) draw(check, BATCH);
      }
    }
    all(".group").forEach((group) => (group.hidden = checks.every((check) => check.group !== group || check.shell.hidden)));
    all(".plan li").forEach((item) => (item.hidden = item.dataset.of.split(" ").every((id) => byId.get(id)?.shell.hidden ?? false)));
    all("section", document.querySelector("main")).filter((section) => section.querySelector(".group")).forEach((section) => section.classList.toggle("bare", !section.querySelector(".group:not([hidden])")));
    const used = [outcome, severity && severity + " or graver", stage && data.stages[stage], family && input("family").selectedOptions[0].text, q && "“" + q + "”"].filter(Boolean);
    form.classList.toggle("on", used.length > 0);
    status.textContent = shown + " of " + checks.length + " checks shown" + (used.length ? ": " + used.join(", ") : "");
  }

  const parse = () => {
    const [anchor, query] = location.hash.slice(1).split("?");
    let name = anchor;
    try { name = decodeURIComponent(anchor); } catch { /* a stray % is part of the name */ }
    return [name, new URLSearchParams(query || "")];
  };

  function remember(anchor = "") {
    const query = new URLSearchParams(fields.map((name) => [name, input(name).value]).filter(([, value]) => value)).toString();
    history.replaceState(null, "", "#" + anchor + (query ? "?" + query : ""));
  }

  function show(query) {
    fields.forEach((name) => (input(name).value = query.get(name) || ""));
    apply();
  }

  function change() {
    apply();
    remember();
  }

  // Follows the fragment: filters first, then the check or finding that it names.
  function follow() {
    const [anchor, query] = parse();
    const check = byId.get(anchor.split(".")[0]);
    if (query.size || !check) show(query);
    if (!check) {
      if (query.size) form.scrollIntoView();
      return;
    }
    const at = check.rest.findIndex((row) => strings[row[0]] === anchor);
    const drawn = () => all(".findings tbody tr", check.element).find((row) => row.id === anchor);
    if (check.shell.hidden || drawn()?.hidden || at >= 0 && !check.left.includes(at)) show(new URLSearchParams());
    if (at >= 0 && !drawn()) draw(check, check.left.indexOf(at) + 1 - check.drawn);
    remember(anchor);
    all(".here").forEach((part) => part.classList.remove("here"));
    const target = drawn() || check.element;
    check.element.open = true;
    target.classList.add("here");
    target.scrollIntoView({ block: target === check.element ? "start" : "center" });
    check.element.querySelector("summary").focus({ preventScroll: true });
  }

  // Markdown: values stand in code spans with a fence longer than any in them, prose has its signs escaped.
  const code = (text) => {
    const fence = "`".repeat(1 + Math.max(0, ...(text.match(/`+/g) || []).map((run) => run.length)));
    const pad = text.startsWith("`") || text.endsWith("`") ? " " : "";
    return fence + pad + text.replace(/\s*\n\s*/g, " ") + pad + fence;
  };
  const plain = (text) => text.replace(/[\\*_[\]<>#|!~`&]/g, "\\$&");
  const prose = (node) => node ? [...node.childNodes].map((part) => part.nodeName === "CODE" ? code(part.textContent) : plain(part.textContent)).join("").trim() : "";

  function ticket(check) {
    const { severity } = check.element.dataset;
    const get = (selector) => check.shell.querySelector(selector);
    const lines = ["## [" + check.id + "] " + plain(get(".title").firstChild.textContent), "",
      "Environment: " + code(data.environment) + " · severity: " + severity + " · stage: " + data.stages[check.stage] + " · recorded: " + data.recorded, ""];
    for (const [name, node] of [["Remedy", get(".remedy p")], ["Why", get(".why p")]])
      if (node) lines.push("**" + name + ":** " + prose(node), "");
    all(".reason p", check.shell).forEach((part) => lines.push(plain(part.textContent), ""));
    const shown = all(".findings tbody tr", check.element).filter((row) => !row.hidden).slice(0, 50);
    for (const row of shown) {
      const [subject, expected, actual, evidence] = row.cells;
      lines.push("- " + code(subject.querySelector("b").textContent));
      if (expected.textContent) lines.push("  - expected: " + code(expected.textContent));
      lines.push("  - actual: " + code(actual.textContent));
      all(".place", evidence).forEach((place) => lines.push("  - evidence: " + code(place.textContent)));
      all("p", subject).forEach((advice) => lines.push("  - advice: " + plain(advice.textContent)));
    }
    const left = check.rows.length + check.rest.length - shown.length;
    if (left > 0) lines.push("- and " + left + " more (see the report)");
    lines.push("");
    all(".about div", check.element).forEach((part) => lines.push("- " + part.children[0].textContent + ": " +
      (all("a[href^=http]", part).map((a) => "[" + plain(a.textContent) + "](<" + a.href + ">)").join(", ") || plain(part.children[1].textContent))));
    return lines.join("\n") + "\n";
  }

  async function copy(button, text) {
    try {
      await navigator.clipboard.writeText(text);
    } catch {
      const area = element("textarea", text);
      document.body.append(area);
      area.select();
      document.execCommand("copy");
      area.remove();
    }
    const before = button.dataset.label ||= button.textContent;
    button.textContent = "Copied";
    setTimeout(() => (button.textContent = before), 1500);
  }

  function step(by) {
    const shown = checks.filter((check) => !check.shell.hidden);
    const at = shown.findIndex((check) => check.element.contains(document.activeElement));
    const next = shown[at < 0 ? (by > 0 ? 0 : shown.length - 1) : Math.max(0, Math.min(shown.length - 1, at + by))];
    if (next) next.element.querySelector("summary").focus();
  }

  document.addEventListener("keydown", (event) => {
    const typing = event.target.closest("input, select, textarea");
    if (event.key === "Escape") {
      form.reset();
      typing?.blur();
    }
    if (typing || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === "/") { event.preventDefault(); input("q").focus(); }
    if (event.key === "j") step(1);
    if (event.key === "k") step(-1);
    if (event.key === "e") {
      const shown = checks.filter((check) => !check.shell.hidden);
      const open = shown.some((check) => !check.element.open);
      shown.forEach((check) => (check.element.open = open));
    }
  });
  document.addEventListener("click", (event) => {
    const button = event.target.closest("button");
    const inside = button && button.closest(".check");
    if (!inside) return;
    const check = byId.get(inside.id);
    if (button.matches(".ticket")) copy(button, ticket(check));
    if (button.matches(".link")) copy(button, location.href.split("#")[0] + "#" + check.id);
    if (button.matches(".more button")) draw(check, BATCH);
  });
  let timer;
  form.addEventListener("input", (event) => {
    clearTimeout(timer);
    timer = setTimeout(change, event.target.id === "q" ? 20 : 0);
  });
  form.addEventListener("reset", () => setTimeout(change));
  form.addEventListener("submit", (event) => event.preventDefault());
  window.addEventListener("hashchange", follow);
  const closed = [];
  window.addEventListener("beforeprint", () => {
    closed.push(...all("main > #to-do .check:not([open]), main > #appendix details:not([open])"));
    closed.forEach((part) => (part.open = true));
  });
  window.addEventListener("afterprint", () => closed.splice(0).forEach((part) => (part.open = false)));

  all(".filters, .actions, .keys, .more button").forEach((part) => (part.hidden = false));
  apply();
  follow();
  // The texts that a search reads are made while nobody waits.
  const unread = [...checks];
  const idle = window.requestIdleCallback || ((work) => setTimeout(() => work({ timeRemaining: () => 10 }), 50));
  idle(function read(time) {
    while (unread.length && time.timeRemaining() > 1) texts(unread.pop());
    if (unread.length) idle(read);
  });
  // Once more when the browser has gone to the fragment by itself, which takes the focus away.
  if (location.hash) window.addEventListener("load", () => setTimeout(follow));
})();
