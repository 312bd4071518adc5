"use strict";
// Shows the cases and the matrix of clauses. Whatever comes from a report is text, never markup.
(async () => {
  const packed = Uint8Array.from(atob(document.getElementById("data").textContent.trim()), (c) => c.charCodeAt(0));
  const app = document.getElementById("app");
  const SVG = "http://www.w3.org/2000/svg";

  const make = (space) => (tag, attributes, ...children) => {
    const element = space ? document.createElementNS(space, tag) : document.createElement(tag);
    for (const [name, value] of Object.entries(attributes || {})) {
      if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
      else if (value !== false && value !== null && value !== undefined) element.setAttribute(name, value === true ? "" : value);
    }
    element.append(...children.filter((child) => child !== null && child !== undefined && child !== ""));
    return element;
  };
  const h = make(null);
  const s = make(SVG);

  if (!("DecompressionStream" in window)) {
    app.append(h("p", { class: "bad" }, "This browser is too old to unpack the cases; the summary above is complete."));
    return;
  }
  const unpacked = new Blob([packed]).stream().pipeThrough(new DecompressionStream("deflate"));
  const data = JSON.parse(await new Response(unpacked).text());

  // --- The data ---------------------------------------------------------------------------------

  const VERDICTS = data.verdicts.map(([word]) => word);
  const SHOWN = data.verdicts.map(([, , shown]) => shown);
  const CONFORMANCE = data.kind === "conformance"; // else it lists only what differs
  const things = (number) => `${data.thing}${number === 1 ? "" : "s"}`;
  const [PASS, NOTE, FAIL, UNSUPPORTED] = ["pass", "note", "fail", "unsupported"].map((word) => VERDICTS.indexOf(word));
  const ENDED = new Set(["hang", "crash", "harness-error"].map((word) => VERDICTS.indexOf(word)));
  const PLAIN = { v: PASS, e: 1 };
  const sets = data.sets.map((digits) => {
    const found = [];
    for (let at = 0; at < digits.length; at += 1) {
      const bits = parseInt(digits[at], 16);
      for (let bit = 0; bit < 4; bit += 1) if (bits & (1 << bit)) found.push(4 * at + bit);
    }
    return found;
  });
  const clauses = data.clauses.map(([id, section, level, about], number) => ({ id, section, level, about, number }));
  const reports = data.reports.map(([label, name, target], number) => ({ label, name, target, number }));
  const alike = new Set(reports.map((report) => report.name)).size < reports.length;
  for (const report of reports) report.short = alike ? report.label : report.name;
  const cases = data.cases.map(([id, about, level, version, needs, touches, telling], number) => ({
    id, about, level, version, needs, number, telling,
    name: id.slice(id.indexOf(":") + 1),
    protocol: id.slice(0, id.indexOf(".")),
    touches: sets[touches],
    outcomes: reports.map((report) => {
      const found = data.outcomes[report.number][number];
      return found === 0 ? null : found === 1 ? PLAIN : found;
    }),
  }));
  for (const each of cases) {
    each.sections = new Set(each.touches.map((place) => clauses[place].section));
    each.text = [each.id, each.about, ...each.outcomes.filter(Boolean).flatMap((o) => [o.because, o.where, o.cause, o.finding, o.ambiguity, o.clause])]
      .filter(Boolean).join("\n").toLowerCase();
  }
  const known = new Set(VERDICTS.keys());
  const wanted = new Set([...known].filter((v) => v !== PASS && v !== UNSUPPORTED));
  const remarkable = (o) => o && (wanted.has(o.v) || !o.e);
  const anything = cases.some((each) => each.outcomes.some(remarkable));

  // --- What is asked for ------------------------------------------------------------------------

  const fresh = () => ({
    text: "", protocol: "", section: "", level: "", report: "", clause: -1, only: -1, surprises: false,
    verdicts: new Set(anything && CONFORMANCE ? wanted : known),
  });
  let asked = fresh();
  let shown = 0;
  let view = "cases";
  const open = new Set();
  const STEP = 200;

  const fits = (outcome) => outcome && asked.verdicts.has(outcome.v) && (!asked.surprises || !outcome.e);
  const chosen = () => (asked.report === "" ? reports : [reports[Number(asked.report)]]);
  const isAsked = (each, whatever = false) =>
    (!asked.protocol || each.protocol === asked.protocol)
    && (!asked.level || each.level === asked.level)
    && (asked.section === "" || each.sections.has(Number(asked.section)))
    && (asked.clause < 0 || each.touches.includes(asked.clause))
    && (asked.only < 0 || each.number === asked.only)
    && (!asked.text || asked.text.split(/\s+/).every((word) => each.text.includes(word)))
    && chosen().some((report) => (whatever ? each.outcomes[report.number] : fits(each.outcomes[report.number])));

  // --- Filters ----------------------------------------------------------------------------------

  const label = (text, control) => h("label", {}, text, control);
  const select = (name, first, options) => {
    const control = h("select", { onchange: (event) => { asked[name] = event.target.value; render(); } },
      h("option", { value: "" }, first), ...options.map(([value, text]) => h("option", { value }, text)));
    control.dataset.name = name;
    return control;
  };
  const search = h("input", {
    type: "search", placeholder: `Search ${things(0)}, descriptions, causes`, "aria-label": "Search", autocomplete: "off",
    oninput: (event) => { asked.text = event.target.value.trim().toLowerCase(); render(); },
  });
  const chips = VERDICTS.map((word, v) => {
    const number = cases.reduce((sum, each) => sum + each.outcomes.filter((o) => o && o.v === v).length, 0);
    return h("button", {
      type: "button", class: `v-${word}`, title: data.verdicts[v][1],
      onclick: () => { if (!asked.verdicts.delete(v)) asked.verdicts.add(v); render(); },
    }, `${SHOWN[v]} ${number}`);
  });
  chips.forEach((each) => { each.hidden = / 0$/.test(each.textContent); });
  const surprises = h("input", { type: "checkbox", onchange: (event) => { asked.surprises = event.target.checked; render(); } });
  const protocols = [...new Set(cases.map((each) => each.protocol))];
  const controls = [
    reports.length > 1 ? label("Implementation", select("report", "all", reports.map((r) => [r.number, r.label]))) : null,
    protocols.length > 1 ? label("Protocol", select("protocol", "all", protocols.map((p) => [p, p]))) : null,
    data.sections.length ? label("Section", select("section", "all", data.sections.map(([text, title], at) => [at, `${text}: ${title}`]))) : null,
    CONFORMANCE ? label("Level", select("level", "all", [["must", "must"], ["should", "should"]])) : null,
    h("label", { class: "check" }, surprises, CONFORMANCE ? "only unexpected" : "only unexplained"),
    h("button", { type: "button", onclick: () => { asked = fresh(); render(); search.focus(); } }, "Reset"),
  ].filter(Boolean);
  const verdictRow = h("div", { class: "row", role: "group", "aria-label": "Verdicts" }, ...chips);
  const clauseRow = h("div", {});
  const filters = h("form", { class: "filters", "aria-label": "Filters", onsubmit: (event) => event.preventDefault() },
    search, verdictRow, h("div", { class: "row" }, ...controls), clauseRow);

  const tabs = ["cases", "clauses"].map((name) => h("button", {
    type: "button", onclick: () => { view = name; shown = 0; render(); },
  }, name === "cases" ? "Cases" : "Clauses"));
  const list = h("div", {});
  app.append(CONFORMANCE ? h("nav", { class: "tabs", "aria-label": "Views" }, ...tabs) : h("h2", { class: "list" }, data.thing === "find" ? "Finds" : "Differences"), filters, list);

  const showFilters = () => {
    tabs.forEach((tab, at) => tab.setAttribute("aria-pressed", String((at === 0) === (view === "cases"))));
    verdictRow.hidden = view !== "cases";
    chips.forEach((each, v) => each.setAttribute("aria-pressed", String(asked.verdicts.has(v))));
    surprises.checked = asked.surprises;
    surprises.parentElement.hidden = view !== "cases";
    if (document.activeElement !== search) search.value = asked.text;
    for (const control of filters.querySelectorAll("select")) control.value = asked[control.dataset.name];
    clauseRow.replaceChildren();
    if (asked.only >= 0 && view === "cases") {
      clauseRow.append(h("span", {}, "Only ", h("code", {}, cases[asked.only].id), " "),
        h("button", { type: "button", onclick: () => { asked = fresh(); render(); } }, `All ${things(0)}`));
    }
    if (asked.clause >= 0 && view === "cases") {
      const clause = clauses[asked.clause];
      clauseRow.append(h("span", {}, `${things(0)[0].toUpperCase()}${things(0).slice(1)} that touch `, h("code", {}, clause.id), ` (${clause.about}) `),
        h("button", { type: "button", onclick: () => { asked.clause = -1; render(); } }, "All clauses"));
    }
  };

  // --- Cases ------------------------------------------------------------------------------------

  const chip = (outcome, name) => h("span", { class: `chip v-${VERDICTS[outcome.v]}`, title: outcome.e ? false : CONFORMANCE ? "unexpected" : "unexplained" },
    (name ? `${name}: ` : "") + SHOWN[outcome.v] + (outcome.e ? "" : " !"));

  const showCases = () => {
    const found = cases.filter((each) => isAsked(each));
    shown = Math.max(shown, STEP);
    const entries = found.slice(0, shown).map(entry);
    const status = h("div", { class: "status" },
      h("span", { role: "status" }, `${found.length} of ${cases.length} ${things(cases.length)}`),
      entries.length ? h("button", {
        type: "button",
        onclick: () => { for (const each of list.querySelectorAll("details.case")) each.open = true; },
      }, "Open all shown") : null);
    const more = found.length > shown
      ? h("button", { type: "button", class: "more", onclick: () => { shown += 2 * STEP; render(); } }, `Show more (${found.length - shown} left)`)
      : null;
    const others = found.length ? 0 : cases.filter((each) => isAsked(each, true)).length;
    const hint = others
      ? h("button", {
        type: "button", onclick: () => { asked.verdicts = new Set(known); asked.surprises = false; render(); },
      }, `Show ${others} with other verdicts`)
      : null;
    list.replaceChildren(status, ...entries, more || hint || "");
  };

  const entry = (each) => {
    const outcomes = chosen().map((report) => each.outcomes[report.number]).filter(Boolean);
    const telling = outcomes.find((o) => remarkable(o) && o.because) || outcomes.find((o) => o.because);
    const several = chosen().length > 1;
    const mine = chosen().map((report) => {
      const outcome = each.outcomes[report.number];
      return outcome ? chip(outcome, several ? report.short : "") : null;
    });
    const details = h("details", { class: "case", id: `case-${each.id}` },
      h("summary", {}, h("span", { class: "chips" }, ...mine), h("span", { class: "mono" }, each.id),
        telling ? h("span", { class: "because" }, telling.because) : null));
    const fill = () => {
      if (details.open && !details.querySelector(".body")) details.append(body(each));
      if (details.open) open.add(each.id); else open.delete(each.id);
    };
    details.addEventListener("toggle", fill);
    if (open.has(each.id)) { details.open = true; fill(); }
    return details;
  };

  const clauseItem = (place) => {
    const clause = clauses[place];
    return h("li", {},
      h("button", { type: "button", class: "link mono", onclick: () => { asked = { ...fresh(), clause: place, verdicts: new Set(known) }; view = "cases"; shown = 0; render(); app.scrollIntoView(); } }, clause.id),
      ` ${clause.about}`);
  };

  const clauseList = (places, first) => {
    const rest = places.filter((place) => !first.includes(place));
    const items = h("ul", { class: "clauselist" }, ...first.map(clauseItem));
    if (!rest.length) return items;
    const more = h("details", {}, h("summary", {}, `${rest.length} more clauses`));
    more.addEventListener("toggle", () => {
      if (!more.querySelector("ul")) more.append(h("ul", { class: "clauselist" }, ...rest.map(clauseItem)));
    });
    return h("div", {}, items, more);
  };

  const body = (each) => {
    const needs = each.needs.length ? `needs ${each.needs.join(", ")}` : "needs nothing special";
    const facts = CONFORMANCE ? [`version ${each.version}`, each.level.toUpperCase(), needs] : [`version ${each.version}`];
    const made = h("div", { class: "body" }, h("p", {}, each.about), h("p", { class: "dim" }, facts.join(" · ")));
    for (const report of chosen()) {
      const outcome = each.outcomes[report.number];
      if (outcome) made.append(told(report, outcome));
    }
    if (each.touches.length) made.append(h("h3", {}, CONFORMANCE ? "Clauses that the case touches" : "Clauses that it touches"), clauseList(each.touches, each.telling));
    return made;
  };

  const expectedText = (o) => {
    if (!CONFORMANCE && !o.e && !o.unreviewed) return `nobody knows this ${data.thing}`;
    if (!CONFORMANCE && o.cause && o.e) return `known: ${o.cause}`;
    if (o.unreviewed) return `proposed: ${o.expectation}; nobody has reviewed that`;
    if (!o.expectation) return o.e ? "" : "not expected";
    return o.e ? `as expected: ${o.cause}` : `not expected; ${o.expectation} was: ${o.cause}`;
  };

  const told = (report, o) => {
    const made = h("div", { class: "outcome" }, h("p", {}, chip(o), " ", h("strong", {}, report.label)));
    const line = (name, text, code) => { if (text) made.append(h("p", {}, `${name}: `, code ? h("code", {}, text) : text)); };
    if (o.because) made.append(h("p", {}, o.because));
    if (o.repetitions) line("repetitions", Object.entries(o.repetitions).map(([word, number]) => `${word} ${number}`).join(", "));
    line("refused at", o.where);
    const expectation = expectedText(o);
    if (expectation) made.append(h("p", { class: o.e ? "" : "bad" }, expectation));
    line("finding", o.finding, true);
    line("clause", o.clause, true);
    line("reads to the letter", o.ambiguity, true);
    line("let pass", o.alternatives, true);
    if (o.at) made.append(h("h3", {}, "Clauses of what should have happened"), clauseList(sets[o.at - 1], o.first));
    if (o.log && o.step) {
      const holder = h("div", {});
      made.append(h("h3", {}, "What happened"), holder);
      requestAnimationFrame(() => holder.append(draw(o, report.name, holder.clientWidth)));
    }
    if (o.log && o.step) made.append(h("details", {}, h("summary", {}, "as text"), h("pre", {}, o.log.join("\n"))));
    else if (o.log) made.append(h("h3", {}, data.kind === "fuzzing" ? "What the tables do" : "What happened"), h("pre", {}, o.log.join("\n")));
    if (o.replay) made.append(h("h3", {}, "Replay"), replay(o.replay));
    return made;
  };

  const replay = (command) => {
    const text = h("pre", { tabindex: "0" }, command);
    const button = h("button", {
      type: "button",
      onclick: async () => {
        try {
          await navigator.clipboard.writeText(command);
          button.textContent = "Copied";
        } catch {
          const range = document.createRange();
          range.selectNodeContents(text);
          getSelection().removeAllRanges();
          getSelection().addRange(range);
          button.textContent = "Selected";
        }
        setTimeout(() => { button.textContent = "Copy"; }, 1500);
      },
    }, "Copy");
    return h("div", { class: "replay" }, text, button);
  };

  // --- The drawn sequence -----------------------------------------------------------------------

  const stepsOf = (log) => {
    const found = [];
    for (const line of log) {
      if (!line.startsWith(" ") || !found.length) found.push({ says: line.startsWith(" ") ? "" : line, lines: [] });
      if (line.startsWith(" ")) found[found.length - 1].lines.push(line.trim());
    }
    return found;
  };
  const plain = (line) => {
    const at = line.indexOf(": ");
    const said = line.slice(at + 2);
    if (/^(still-)?secure /.test(said)) return line.slice(0, at + 2) + said.split(" ").slice(0, 2).join(" ");
    if (said.startsWith("extra-key ")) return line.slice(0, line.lastIndexOf(" "));
    return line;
  };
  const without = (lines, others) => {
    const left = others.map(plain);
    return lines.map((line) => {
      const at = left.indexOf(plain(line));
      if (at >= 0) left.splice(at, 1);
      return at < 0;
    });
  };
  const wrap = (text, columns) => {
    const lines = [""];
    for (let word of text.split(/\s+/)) {
      while (word.length > columns) { lines.push(word.slice(0, columns)); word = word.slice(columns); }
      const last = lines[lines.length - 1];
      if (last && last.length + 1 + word.length > columns) lines.push(word);
      else lines[lines.length - 1] = last ? `${last} ${word}` : word;
    }
    return lines.filter((line, at) => line || at === 0);
  };

  const draw = (outcome, name, room) => {
    const W = Math.max(280, Math.min(room || 640, 700));
    const L = Math.round(W * 0.13), R = W - L, CHAR = 6.8, LINE = 15;
    const columns = (width) => Math.max(8, Math.floor(width / CHAR));
    const picture = s("svg", { class: "seq", role: "img", "aria-label": "The sequence of messages; the text below says the same" });
    const lanes = s("g", {});
    picture.append(lanes);
    let y = 12;
    const texts = (group, lines, x, anchor, cls) => {
      for (const line of lines) {
        y += LINE;
        group.append(s("text", { x, y: y - 4, "text-anchor": anchor, class: cls || false }, line));
      }
    };
    const ended = ENDED.has(outcome.v);
    const steps = stepsOf(outcome.log).slice(0, ended ? outcome.step : undefined);
    const at = outcome.step - 1;
    const from = Math.max(0, at - 12), to = Math.min(steps.length, at + 5);

    const one = (group, line) => {
      const wire = /^(tester|target) -> (tester|target): (.*)$/.exec(line);
      const user = /^(tester|target)'s user: (.*)$/.exec(line);
      if (wire) {
        const right = wire[1] === "tester";
        texts(group, wrap(wire[3], columns(R - L - 24)), (L + R) / 2, "middle", "label");
        y += 3;
        const tip = right ? R : L, back = right ? -8 : 8;
        group.append(s("path", { class: "wire", d: `M${right ? L : R},${y} L${tip + back},${y}` }),
          s("path", { class: "head", d: `M${tip},${y} l${back},-4.5 l0,9 z` }));
        y += 8;
        return;
      }
      const side = user ? user[1] : "";
      const lines = wrap(user ? `user: ${user[2]}` : line, columns(W * 0.62));
      const width = Math.min(W - 16, Math.max(...lines.map((l) => l.length)) * CHAR + 18);
      const middle = side === "tester" ? L : side === "target" ? R : W / 2;
      const x = Math.max(8, Math.min(W - 8 - width, middle - width / 2));
      y += 3;
      group.append(s("rect", { class: "note", x, y, width, height: lines.length * LINE + 7, rx: 4 }));
      y += 3;
      texts(group, lines, x + width / 2, "middle");
      y += 9;
    };
    const many = (group, lines, marks, cls, remark) => lines.forEach((line, number) => {
      const inner = s("g", { class: marks[number] ? cls : false });
      group.append(inner);
      one(inner, marks[number] ? `${line} (${remark})` : line);
    });
    const band = (group, says) => {
      const lines = wrap(says, columns(W - 40));
      y += 6;
      group.append(s("rect", { class: "band", x: 8, y, width: W - 16, height: lines.length * LINE + 7, rx: 4 }));
      y += 3;
      texts(group, lines, W / 2, "middle");
      y += 8;
    };

    texts(lanes, ["tester"], L, "middle", "who");
    y -= LINE;
    const title = wrap(name, columns(L * 2.2))[0];
    texts(lanes, [title], Math.min(R, W - 6 - title.length * 3.6), "middle", "who");
    const top = y + 2;
    if (from > 0) { const g = s("g", { class: "after" }); picture.append(g); texts(g, [`${from} more before this`], W / 2, "middle"); }
    for (let number = from; number < to; number += 1) {
      const step = steps[number];
      const group = s("g", { class: number > at ? "after" : false });
      picture.append(group);
      if (number !== at) {
        band(group, step.says);
        many(group, step.lines, [], "", "");
        continue;
      }
      y += 8;
      const begun = y;
      const wash = s("rect", { class: "wash", x: 3, y: begun, width: W - 6, rx: 6 });
      group.append(wash);
      band(group, step.says);
      const wanted = outcome.predicted || [];
      texts(group, ["expected"], 14, "start", "title");
      if (wanted.length) many(group, wanted, without(wanted, step.lines), "missing", "missing"); else texts(group, ["nothing"], W / 2, "middle");
      y += 6;
      texts(group, ["seen"], 14, "start", "title");
      if (step.lines.length) many(group, step.lines, without(step.lines, wanted), "extra", "not expected"); else texts(group, ["nothing"], W / 2, "middle");
      if (ended) many(group, [`${VERDICTS[outcome.v]}: ${outcome.because}`], [true], "extra", "the end");
      y += 6;
      wash.setAttribute("height", y - begun);
      y += 4;
    }
    if (to < steps.length) { const g = s("g", { class: "after" }); picture.append(g); texts(g, [`${steps.length - to} more after this`], W / 2, "middle"); }
    y += 8;
    for (const x of [L, R]) lanes.append(s("path", { class: "life", d: `M${x},${top} L${x},${y}` }));
    picture.setAttribute("viewBox", `0 0 ${W} ${Math.ceil(y)}`);
    return picture;
  };

  // --- Clauses ----------------------------------------------------------------------------------

  // A case that fails says something against the clauses of what should have happened where the
  // target differed, and nothing against the others that it touches: those are left to other cases.
  const tally = () => {
    const found = reports.map(() => clauses.map(() => ({ fail: 0, note: 0, pass: 0, unsupported: 0 })));
    for (const each of cases) {
      if (asked.protocol && each.protocol !== asked.protocol) continue;
      if (asked.level && each.level !== asked.level) continue;
      each.outcomes.forEach((o, number) => {
        if (!o) return;
        if (o.v === PASS || o.v === UNSUPPORTED) {
          const word = o.v === PASS ? "pass" : "unsupported";
          for (const place of each.touches) found[number][place][word] += 1;
        } else if (o.at) {
          const word = o.v === NOTE ? "note" : "fail";
          for (const place of sets[o.at - 1]) found[number][place][word] += 1;
        }
      });
    }
    return found;
  };
  const SIGNS = { fail: "✗", note: "~", pass: "✓", unsupported: "–" };
  const SAID = { fail: "against it", note: "noted", pass: "for it", unsupported: "unsupported" };
  const worst = (counts) => ["fail", "note", "pass", "unsupported"].find((word) => counts[word]) || "none";
  const cell = (counts, place, report) => {
    const word = worst(counts);
    if (word === "none") return h("td", {}, h("span", { class: "cell c-none" }, "·"));
    const said = Object.keys(SIGNS).filter((each) => counts[each]).map((each) => `${counts[each]} ${SAID[each]}`).join(", ");
    const all = counts.fail + counts.note + counts.pass;
    return h("td", {}, h("button", {
      type: "button", class: `cell c-${word}`, title: said, "aria-label": `${reports[report].label}: ${said}`,
      onclick: () => {
        asked = { ...fresh(), clause: place, report: reports.length > 1 ? String(report) : "", verdicts: new Set(known) };
        if (word === "fail" || word === "note") asked.verdicts = new Set(wanted);
        view = "cases"; shown = 0; render(); app.scrollIntoView();
      },
    }, `${SIGNS[word]} ${counts[word]}${all > counts[word] ? `/${all}` : ""}`));
  };
  const sum = (all) => all.reduce((total, counts) => ({
    // of clauses, not of cases
    ...total, [worst(counts)]: (total[worst(counts)] || 0) + 1,
  }), { fail: 0, note: 0, pass: 0, unsupported: 0 });
  const opened = new Set();

  const showClauses = () => {
    const counts = tally();
    const fitsClause = (clause) =>
      (asked.section === "" || clause.section === Number(asked.section))
      && (!asked.text || asked.text.split(/\s+/).every((word) => `${clause.id} ${clause.about}`.toLowerCase().includes(word)));
    const found = clauses.filter(fitsClause).filter((clause) => chosen().some((r) => worst(counts[r.number][clause.number]) !== "none"));
    const bySection = new Map();
    for (const clause of found) bySection.set(clause.section, [...(bySection.get(clause.section) || []), clause]);
    const narrow = asked.section !== "" || asked.text !== "";
    const rows = [];
    for (const [section, mine] of bySection) {
      const [text, title] = data.sections[section];
      const wide = narrow || opened.has(section);
      rows.push(h("tr", { class: "section" },
        h("th", { scope: "row" }, h("button", {
          type: "button", "aria-expanded": String(wide),
          onclick: () => { if (!opened.delete(section)) opened.add(section); render(); },
        }, `${wide ? "▾" : "▸"} ${title} `, h("span", { class: "dim" }, `${text}, ${mine.length}`))),
        ...chosen().map((report) => {
          const total = sum(mine.map((clause) => counts[report.number][clause.number]));
          const word = worst(total);
          const said = Object.keys(SIGNS).filter((each) => total[each]).map((each) => `${SIGNS[each]} ${total[each]}`).join("  ");
          return h("td", {}, h("span", { class: word === "none" ? "c-none" : "", title: "clauses of this section" }, said || "·"));
        })));
      if (!wide) continue;
      for (const clause of mine) {
        rows.push(h("tr", { class: "clause" },
          h("th", { scope: "row" }, clause.about, h("span", { class: "id mono" }, `${clause.id} · ${clause.level}`)),
          ...chosen().map((report) => cell(counts[report.number][clause.number], clause.number, report.number))));
      }
    }
    const legend = h("p", { class: "dim" }, "✗ cases against the clause, ~ noted, ✓ for it, – unsupported. A number beside a clause counts cases, as in 2/40 where 40 say something about it; beside a section it counts clauses. A case that fails counts against the clauses of what should have happened where the target first differed. Clauses about formats and key derivations, which every case relies on, are not listed.");
    list.replaceChildren(
      h("div", { class: "status" }, h("span", { role: "status" }, `${found.length} of ${clauses.length} clauses`),
        narrow ? null : h("button", {
          type: "button",
          onclick: () => { const all = opened.size < bySection.size; opened.clear(); if (all) for (const section of bySection.keys()) opened.add(section); render(); },
        }, opened.size < bySection.size ? "Open all sections" : "Close all sections")),
      legend,
      h("div", { class: "matrix", tabindex: "0", role: "region", "aria-label": "Implementations and clauses" },
        h("table", {}, h("thead", {}, h("tr", {}, h("th", { scope: "col" }, "clause"), ...chosen().map((report) => h("th", { scope: "col" }, report.label)))),
          h("tbody", {}, ...rows))));
  };

  const render = () => {
    showFilters();
    if (view === "cases") showCases(); else showClauses();
  };

  // What the address names: a case, which is shown alone, or the view of clauses.
  const linked = () => {
    let name = location.hash.slice(1);
    try { name = decodeURIComponent(name); } catch { /* it is no name of ours then */ }
    const target = cases.find((each) => name === `case-${each.id}`);
    if (name === "clauses" && CONFORMANCE) { view = "clauses"; shown = 0; }
    if (target) {
      asked = { ...fresh(), only: target.number, verdicts: new Set(known) };
      view = "cases";
      shown = 0;
      open.add(target.id);
    }
    render();
    if (target) list.scrollIntoView();
  };
  addEventListener("hashchange", linked);
  linked();
})();
