// The explorer's behaviour. DATA (symbols, bounds) and FUNCTIONS (one object of functions per bound) stand before this script.
"use strict";
(() => {
  const POINTS = 240, STEPS = 1000, FEWEST = 1e-4;
  const names = Object.keys(DATA.symbols);
  const byId = (id) => document.getElementById(id);
  const state = {
    values: Object.fromEntries(names.map((name) => [name, DATA.symbols[name].start])),
    axis: names.includes("n") ? "n" : names.find((name) => !DATA.symbols[name].allowed.values) ?? names[0],
    logX: true, logY: false, focus: 0, shown: DATA.bounds.map(() => true),
  };
  const drawn = { x: [], curves: [], terms: [], trivial: null, crossings: [] };
  let curveChart = null, termChart = null;

  // ------------------------------------------------------------------ numbers

  const allows = (set, value) => {
    if (!Number.isFinite(value)) return false;
    if (set.values) return set.values.includes(value);
    if (set.integer && !Number.isInteger(value)) return false;
    if (set.low !== null && (set.open[0] ? value <= set.low : value < set.low)) return false;
    return set.high === null || (set.open[1] ? value < set.high : value <= set.high);
  };

  // Why a bound says nothing at these values, or "".
  const problem = (place, values) => {
    const bound = DATA.bounds[place], own = bound.symbols.map((name) => values[name]);
    for (const name of bound.symbols)
      if (!allows(bound.allowed[name], values[name])) return `${name} must be ${bound.domains[name]}`;
    const parts = FUNCTIONS[place];
    for (const [k, one] of bound.constraints.entries()) {
      const below = parts.below[k](own), above = parts.above[k](own);
      if (!(one.strict ? below < above : below <= above)) return `${one.text} is required`;
    }
    for (const [k, one] of bound.conditions.entries())
      if (!allows(one.allowed, parts.conditions[k](own))) return one.text;
    if (Number.isNaN(parts.value(own))) return "the bound is not defined here";
    return "";
  };

  const evaluate = (place, values, what = "value", part = null) => {
    if (problem(place, values)) return NaN;
    const parts = FUNCTIONS[place], f = part === null ? parts[what] : parts[what][part];
    return f(DATA.bounds[place].symbols.map((name) => values[name]));
  };
  const at = (x) => ({ ...state.values, [state.axis]: x });
  const trivialAt = (place, values) => (FUNCTIONS[place].trivial ? evaluate(place, values, "trivial") : NaN);
  const upper = (place) => !DATA.bounds[place].relation.startsWith(">");
  // Whether a value says no more than what holds anyway; null where that cannot be told.
  const vacuous = (place, value, trivial) =>
    Number.isNaN(value) || Number.isNaN(trivial) ? null : upper(place) ? value >= trivial : value <= trivial;

  const show = (value) => {
    if (!Number.isFinite(value)) return "–";
    if (Number.isInteger(value) && Math.abs(value) < 1e9) return (value + 0).toLocaleString("en");  // no -0
    const size = Math.abs(value);
    return size >= 1e6 || (size > 0 && size < 1e-4) ? value.toExponential(3) : String(Number(value.toPrecision(5)));
  };
  // Three digits are enough for a slider, and read well in the command.
  const rounded = (value, info) => {
    const near = info.allowed.integer ? Math.round(value) : Number(value.toPrecision(3));
    return Math.min(Math.max(near, info.low), info.high);
  };
  const fromSlider = (info, position) => {
    const share = position / STEPS;
    if (position === 0) return info.low;
    if (position === STEPS) return info.high;
    return rounded(info.log ? info.low * (info.high / info.low) ** share : info.low + share * (info.high - info.low), info);
  };
  const toSlider = (info, value) => {
    if (info.high === info.low) return 0;
    const share = info.log ? Math.log(value / info.low) / Math.log(info.high / info.low) : (value - info.low) / (info.high - info.low);
    return Math.round(STEPS * Math.min(Math.max(share, 0), 1));
  };

  // ------------------------------------------------------------------ what is drawn

  const canLogX = () => DATA.symbols[state.axis].high > 0 && DATA.symbols[state.axis].low >= 0;
  const ends = () => {
    const info = DATA.symbols[state.axis];
    let low = info.low;
    if (state.logX && low <= 0) low = info.allowed.integer ? 1 : info.high * FEWEST;
    return [low, info.high];
  };
  const axisPoints = () => {
    const [low, high] = ends(), integer = DATA.symbols[state.axis].allowed.integer;
    const points = [];
    for (let k = 0; k <= POINTS; k++) {
      const x = k === POINTS ? high : state.logX ? low * (high / low) ** (k / POINTS) : low + (k / POINTS) * (high - low);
      const kept = integer ? Math.round(x) : x;
      if (!points.length || kept > points[points.length - 1]) points.push(kept);
    }
    return points;
  };

  // Where f changes sign between two points; the first integer after the change on an integer axis.
  const bisect = (f, low, high) => {
    const sign = f(low) > 0, integer = DATA.symbols[state.axis].allowed.integer;
    for (let k = 0; k < 100; k++) {
      const middle = state.logX ? Math.sqrt(low * high) : (low + high) / 2;
      const next = integer ? Math.round(middle) : middle;
      if (next <= low || next >= high) {
        if (!integer || high - low <= 1) break;
        if (f(low + 1) > 0 !== sign) { high = low + 1; break; }
        low += 1;
        continue;
      }
      if (f(next) > 0 === sign) low = next; else high = next;
    }
    return high;
  };
  const changes = (f) => {
    const found = [];
    let before = null;
    for (const x of drawn.x) {
      const value = f(x);
      if (Number.isNaN(value)) { before = null; continue; }
      if (before !== null && before.value > 0 !== value > 0) found.push({ x: bisect(f, before.x, x), rises: value > 0 });
      before = { x, value };
    }
    return found;
  };
  const label = (place) => {
    const bound = DATA.bounds[place];
    return `${bound.key} (${bound.form})`;
  };
  const findCrossings = () => {
    const places = DATA.bounds.map((_, place) => place).filter((place) => state.shown[place]);
    const found = [];
    for (const place of places) {
      const sign = upper(place) ? 1 : -1;
      for (const one of changes((x) => sign * (evaluate(place, at(x)) - trivialAt(place, at(x)))))
        found.push({ x: one.x, y: evaluate(place, at(one.x)), place, text: `${label(place)} ${one.rises ? "is vacuous" : "says something"}` });
    }
    for (const [k, one] of places.entries())
      for (const two of places.slice(k + 1)) {
        if (DATA.bounds[one].quantity !== DATA.bounds[two].quantity || upper(one) !== upper(two)) continue;
        const sign = upper(one) ? 1 : -1;
        for (const change of changes((x) => sign * (evaluate(one, at(x)) - evaluate(two, at(x))))) {
          const [better, worse] = change.rises ? [two, one] : [one, two];
          found.push({ x: change.x, y: evaluate(one, at(change.x)), place: better, text: `${label(better)} is tighter than ${label(worse)}` });
        }
      }
    return found.sort((a, b) => a.x - b.x);
  };

  const compute = () => {
    drawn.x = axisPoints();
    const points = drawn.x.map(at);
    drawn.curves = DATA.bounds.map((_, place) => points.map((values) => evaluate(place, values)));
    drawn.trivial = FUNCTIONS[state.focus].trivial ? points.map((values) => trivialAt(state.focus, values)) : null;
    drawn.terms = DATA.bounds[state.focus].terms.map((_, part) => points.map((values) => evaluate(state.focus, values, "terms", part)));
    drawn.crossings = findCrossings();
  };

  const finite = (values) => values.filter((value) => Number.isFinite(value));
  const least = (values) => values.reduce((a, b) => Math.min(a, b), Infinity);
  const most = (values) => values.reduce((a, b) => Math.max(a, b), -Infinity);
  // A linear axis shows what is near the trivial value and the current point: at tiny n every bound is huge.
  const span = (lists, places, log) => {
    const all = finite(lists.flat());
    if (log) {
      const positive = all.filter((value) => value > 0);
      if (!positive.length) return [0.1, 1];
      const high = 10 ** Math.ceil(Math.log10(most(positive)) + 1e-9);
      return [Math.max(10 ** Math.floor(Math.log10(least(positive)) - 1e-9), high * 1e-12), high];
    }
    if (!all.length) return [0, 1];
    let low = Math.min(0, least(all)), high = Math.max(0, most(all));
    const marks = places.flatMap((place) => [trivialAt(place, state.values), evaluate(place, state.values)]).filter(Number.isFinite);
    const reach = 3 * most(marks.map(Math.abs));
    if (marks.length && reach > 0) [low, high] = [Math.max(low, -reach), Math.min(high, reach)];
    const room = 0.06 * (high - low) || 0.5;
    return [low < 0 ? low - room : low, high > 0 ? high + room : high];
  };

  // ------------------------------------------------------------------ charts

  const css = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  const colour = (place) => css(`--c${place % 7}`);
  const dashes = [[], [10, 5], [3, 4], [12, 4, 3, 4]];
  const dash = (place) => dashes[place % dashes.length];

  const fill = (u, low, high, style, alpha) => {
    const { ctx, bbox } = u;
    ctx.save();
    ctx.beginPath();
    ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height);
    ctx.clip();
    ctx.beginPath();
    const corner = (x, y) => ctx.lineTo(u.valToPos(x, "x", true), y === Infinity ? bbox.top : y === -Infinity ? bbox.top + bbox.height : u.valToPos(y, "y", true));
    drawn.x.forEach((x, k) => Number.isNaN(high[k]) || corner(x, high[k]));
    for (let k = drawn.x.length - 1; k >= 0; k--) Number.isNaN(low[k]) || corner(drawn.x[k], low[k]);
    ctx.closePath();
    ctx.globalAlpha = alpha;
    ctx.fillStyle = style;
    ctx.fill();
    ctx.restore();
  };
  const shadeVacuous = (u) => {
    if (!drawn.trivial || !state.shown[state.focus]) return;
    const endless = drawn.trivial.map((value) => (Number.isNaN(value) ? NaN : upper(state.focus) ? Infinity : -Infinity));
    const [low, high] = upper(state.focus) ? [drawn.trivial, endless] : [endless, drawn.trivial];
    fill(u, low, high, css("--soft"), 0.18);
  };
  const clipped = (u, draw) => {
    const { ctx, bbox } = u;
    ctx.save();
    ctx.beginPath();
    ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height);
    ctx.clip();
    draw(ctx, bbox);
    ctx.restore();
  };
  const markPoint = (u) => clipped(u, (ctx, bbox) => {
    const x = u.valToPos(state.values[state.axis], "x", true);
    ctx.strokeStyle = css("--soft");
    ctx.lineWidth = devicePixelRatio;
    ctx.setLineDash([4 * devicePixelRatio, 4 * devicePixelRatio]);
    ctx.beginPath();
    ctx.moveTo(x, bbox.top);
    ctx.lineTo(x, bbox.top + bbox.height);
    ctx.stroke();
  });
  const markCrossings = (u) => clipped(u, (ctx) => {
    ctx.setLineDash([]);  // the last curve's is still set
    for (const one of drawn.crossings) {
      ctx.beginPath();
      ctx.arc(u.valToPos(one.x, "x", true), u.valToPos(one.y, "y", true), 4.5 * devicePixelRatio, 0, 2 * Math.PI);
      ctx.fillStyle = css("--paper");
      ctx.fill();
      ctx.lineWidth = 2 * devicePixelRatio;
      ctx.strokeStyle = colour(one.place);
      ctx.stroke();
    }
  });

  // Terms one upon the other: what adds upwards from 0, what takes away downwards.
  const stacks = () => {
    const above = drawn.x.map(() => 0), below = drawn.x.map(() => 0);
    return drawn.terms.map((values) => {
      const low = [], high = [];
      values.forEach((value, k) => {
        const base = value >= 0 ? above : below;
        low.push(Number.isNaN(value) ? NaN : Math.min(base[k], base[k] + value));
        high.push(Number.isNaN(value) ? NaN : Math.max(base[k], base[k] + value));
        if (!Number.isNaN(value)) base[k] += value;
      });
      return { low, high };
    });
  };
  const stackTerms = (u) => stacks().forEach((one, place) => fill(u, one.low, one.high, colour(place), 0.75));

  const size = (element) => {
    const width = Math.max(200, Math.floor(element.clientWidth));
    return { width, height: Math.round(Math.min(420, Math.max(260, width * 0.55))) };
  };
  const isPowerOfTen = (value) => value > 0 && Math.abs(Math.log10(value) - Math.round(Math.log10(value))) < 1e-9;
  // On a logarithmic axis over several decades only powers of ten are marked.
  const marked = (_, values) =>
    values.filter(isPowerOfTen).length < 3 ? values : values.map((value) => (isPowerOfTen(value) ? value : null));
  const superscript = (power) => String(power).replace("-", "⁻").replace(/\d/g, (digit) => "⁰¹²³⁴⁵⁶⁷⁸⁹"[digit]);
  const tick = (value) => (isPowerOfTen(value) && (value > 9999 || value < 1e-3) ? `10${superscript(Math.round(Math.log10(value)))}` : show(value));
  const axisStyle = (log) => ({
    stroke: () => css("--ink"),
    grid: { stroke: () => css("--line"), width: 1, ...(log ? { filter: marked } : {}) },
    ticks: { stroke: () => css("--line"), width: 1, ...(log ? { filter: marked } : {}) },
    ...(log ? { filter: marked } : {}),
    font: "13px system-ui, sans-serif",
    values: (_, values) => values.map((value) => (value === null ? "" : tick(value))),
  });
  const makeChart = (element, series, hooks, yRange, logY) => {
    element.replaceChildren();
    return new uPlot({
      ...size(element),
      padding: [10, 24, 0, 0],
      legend: { show: false },
      cursor: { drag: { x: false, y: false }, points: { show: false } },
      scales: {
        x: { time: false, distr: state.logX ? 3 : 1, range: ends },
        y: { distr: logY ? 3 : 1, range: yRange },
      },
      axes: [
        { ...axisStyle(state.logX), label: state.axis, labelSize: 20, labelFont: "13px system-ui, sans-serif", size: 36, space: 40 },
        { ...axisStyle(logY), size: 62 },
      ],
      series: [{}, ...series],
      hooks,
    }, [[], ...series.map(() => [])], element);
  };
  const shownPlaces = () => DATA.bounds.map((_, place) => place).filter((place) => state.shown[place]);
  const line = (place) => ({ stroke: () => colour(place), width: 2, dash: dash(place), points: { show: false }, spanGaps: false });
  const rebuild = () => {
    compute();
    curveChart?.destroy();
    termChart?.destroy();
    const places = shownPlaces();
    curveChart = makeChart(byId("curves"), places.map(line), {
      drawAxes: [shadeVacuous], draw: [markPoint, markCrossings], setCursor: [readCursor],
    }, () => span(places.map((place) => drawn.curves[place]), places, state.logY), state.logY);
    curveChart.over.addEventListener("click", () => {
      const info = DATA.symbols[state.axis];
      setValue(state.axis, rounded(curveChart.posToVal(curveChart.cursor.left, "x"), info));
    });
    termChart = makeChart(byId("terms-chart"), [{ stroke: () => css("--ink"), width: 2, points: { show: false } }], {
      drawAxes: [stackTerms], draw: [markPoint],
    }, () => span([...stacks().flatMap((one) => [one.low, one.high]), drawn.curves[state.focus]], [state.focus], false), false);
    refresh();
  };
  const drawable = (values, log) => values.map((value) => (!Number.isFinite(value) || (log && value <= 0) ? null : value));
  const refresh = () => {
    compute();
    curveChart.setData([drawn.x, ...shownPlaces().map((place) => drawable(drawn.curves[place], state.logY))]);
    termChart.setData([drawn.x, drawable(drawn.curves[state.focus], false)]);
    write();
  };
  const readCursor = (u) => {
    const k = u.cursor.idx;
    byId("readout").textContent = k === null || k === undefined ? "" :
      [`${state.axis} = ${show(drawn.x[k])}`, ...shownPlaces().map((place) => `${label(place)} ${show(drawn.curves[place][k])}`)].join("; ");
  };

  // ------------------------------------------------------------------ words and numbers on the page

  const element = (tag, content = "", attributes = {}) => {
    const made = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
    made.append(...[content].flat());
    return made;
  };
  const typeset = (markup, tag = "span") => {
    const made = document.createElement(tag);
    made.innerHTML = markup;  // formulas that the library wrote into this page
    return made;
  };
  const number = (value) => element("data", show(value), { value: String(value), title: String(value) });
  const relation = (place) => ({ "<=": "≤", ">=": "≥" })[DATA.bounds[place].relation] ?? DATA.bounds[place].relation;
  const swatch = (place, whole = false) => {
    const made = document.createElementNS("http://www.w3.org/2000/svg", "svg");
    made.setAttribute("class", "swatch");
    made.setAttribute("viewBox", "0 0 36 10");
    made.setAttribute("aria-hidden", "true");
    made.innerHTML = whole ? `<rect width="36" height="10" fill="var(--c${place % 7})"/>` :
      `<line x1="0" x2="36" y1="5" y2="5" stroke-width="3" stroke="var(--c${place % 7})" stroke-dasharray="${dash(place).join(" ")}"/>`;
    return made;
  };

  const boundRow = (place) => {
    const bound = DATA.bounds[place];
    const box = element("input", "", { type: "checkbox", "data-bound": place });
    box.checked = state.shown[place];
    box.addEventListener("change", () => { state.shown[place] = box.checked; rebuild(); });
    const value = element("span", "", { class: "value", "data-value-of": place });
    const name = element("span", label(place), { class: "name" });
    return element("li", [element("label", [box, swatch(place), name, value]), typeset(bound.statement, "div")]);
  };
  const writeValue = (place) => {
    const target = document.querySelector(`[data-value-of="${place}"]`), why = problem(place, state.values);
    if (why) return target.replaceChildren(element("span", why, { class: "invalid" }));
    const value = evaluate(place, state.values), trivial = trivialAt(place, state.values);
    target.replaceChildren(`${relation(place)} `, number(value));
    if (vacuous(place, value, trivial)) target.append(" ", element("span", `vacuous: no more than ${relation(place)} ${show(trivial)}, which holds anyway`, { class: "vacuous" }));
  };
  const command = () => {
    const bound = DATA.bounds[state.focus];
    if (!bound.command) return "";
    return ["boundcalc eval", bound.key, "--form", bound.form, ...bound.symbols.map((name) => `--set ${name}=${state.values[name]}`)].join(" ");
  };
  const table = (target, head, rows) => target.replaceChildren(
    element("thead", element("tr", head.map((cell) => element("th", cell, { scope: "col" })))),
    element("tbody", rows.map((row) => element("tr", row.map((cell) => element("td", cell, cell instanceof HTMLDataElement ? { class: "number" } : {}))))),
  );
  const writeDetails = () => {
    const bound = DATA.bounds[state.focus], value = evaluate(state.focus, state.values);
    byId("warning").textContent = bound.notCertified ? `Not certified: ${bound.notCertified}.` : "";
    const parts = bound.terms.map((_, part) => evaluate(state.focus, state.values, "terms", part));
    const whole = parts.reduce((sum, part) => sum + Math.abs(part), 0);
    table(byId("terms"), ["", "term", "value", "share"], [
      ...bound.terms.map((name, part) => [swatch(part, true), name, number(parts[part]), whole ? `${Math.round((100 * parts[part]) / whole)} %` : "–"]),
      ["", "together", number(value), ""],
    ]);
    byId("command").textContent = command() || "This bound was put together in Python: no command evaluates it.";
    byId("copy").hidden = !bound.command;
  };
  const writeCrossings = () => {
    const shown = drawn.crossings.slice(0, 12);
    const lines = shown.map((one) => element("li", [`from ${state.axis} = `, number(one.x), ` on ${one.text}`]));
    if (!lines.length) lines.push(element("li", "nothing on this axis"));
    if (drawn.crossings.length > shown.length) lines.push(element("li", `and ${drawn.crossings.length - shown.length} more`));
    byId("crossings").replaceChildren(...lines);
  };
  const writeTable = () => {
    const rows = [], last = drawn.x.length - 1;
    for (let k = 0; k <= 8; k++) {
      const place = Math.round((k * last) / 8);
      if (!rows.length || rows[rows.length - 1] !== place) rows.push(place);
    }
    table(byId("values"), [state.axis, ...shownPlaces().map(label)],
      rows.map((k) => [number(drawn.x[k]), ...shownPlaces().map((place) => number(drawn.curves[place][k]))]));
  };
  const describe = () => {
    const places = shownPlaces(), [low, high] = ends();
    byId("curves").setAttribute("aria-label", `${places.map(label).join(", ") || "no bound"} against ${state.axis} from ${show(low)} to ${show(high)}; the values are in the table at the end of the page`);
    byId("terms-chart").setAttribute("aria-label", `terms of ${label(state.focus)} one upon the other, against ${state.axis}; the values at the current point are in the table below`);
  };
  const write = () => {
    DATA.bounds.forEach((_, place) => writeValue(place));
    writeDetails();
    writeCrossings();
    writeTable();
    describe();
    byId("log-x").disabled = !canLogX();
  };

  // ------------------------------------------------------------------ controls

  const setValue = (name, value) => {
    const info = DATA.symbols[name];
    state.values[name] = value;
    [info.low, info.high] = [Math.min(info.low, value), Math.max(info.high, value)];
    if (info.log && info.low <= 0) info.log = false;
    const row = document.querySelector(`[data-symbol="${name}"]`);
    row.querySelector("input[type=range]").value = toSlider(info, value);
    row.querySelector("input[type=range]").setAttribute("aria-valuetext", show(value));
    const box = row.querySelector("input[type=number]");
    if (Number(box.value) !== value) box.value = String(value);
    box.setCustomValidity("");
    refresh();
  };
  const sliderRow = (name) => {
    const info = DATA.symbols[name], fixed = Boolean(info.allowed.values);
    const range = element("input", "", { type: "range", min: 0, max: STEPS, step: 1, value: toSlider(info, info.start), "aria-label": `${name}, ${info.meaning}`, "aria-valuetext": show(info.start) });
    const box = element("input", "", { type: "number", step: "any", value: String(info.start), "aria-label": `value of ${name}` });
    range.disabled = box.disabled = fixed;
    range.addEventListener("input", () => setValue(name, fromSlider(info, Number(range.value))));
    box.addEventListener("input", () => {
      const value = Number(box.value);
      if (box.value !== "" && allows(info.allowed, value)) setValue(name, value);
      else { box.setCustomValidity(`${name} must be ${info.domain}`); box.reportValidity(); }
    });
    const title = element("span", [typeset(info.mathml), " ", element("code", name)]);
    return element("div", [element("div", [title, box], { class: "top" }), range, element("small", [info.meaning, info.meaning ? "; " : "", element("span", info.domain)])], { class: "slider", "data-symbol": name });
  };
  const showFocus = () => {
    const bound = DATA.bounds[state.focus];
    const head = element("p", [element("strong", `${bound.number}${bound.number ? ". " : ""}${bound.title}`), ` (${bound.provenance})`]);
    byId("statement").replaceChildren(head, typeset(bound.statement, "div"), element("p", bound.claim));
    if (bound.trivial) byId("statement").append(element("p", ["Without the theorem: ", typeset(bound.quantity), ` ${relation(state.focus)} `, typeset(bound.trivial), "; the shaded region says no more."], { class: "note" }));
    byId("assumptions").replaceChildren(...bound.assumptions.map((text) => element("li", text)));
    fitFormulas();
  };
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(command());
      byId("copied").textContent = "copied";
    } catch {
      getSelection().selectAllChildren(byId("command"));
      byId("copied").textContent = "selected: copy it with the keyboard";
    }
    setTimeout(() => { byId("copied").textContent = ""; }, 3000);
  };
  const chooseAxis = () => {
    state.axis = byId("axis").value;
    state.logX = canLogX() && DATA.symbols[state.axis].log;
    byId("log-x").checked = state.logX;
    rebuild();
  };

  const start = () => {
    byId("axis").append(...names.filter((name) => !DATA.symbols[name].allowed.values).map((name) => element("option", name, { value: name })));
    byId("axis").value = state.axis;
    byId("focus").append(...DATA.bounds.map((_, place) => element("option", label(place), { value: place })));
    byId("bounds").append(...DATA.bounds.map((_, place) => boundRow(place)));
    byId("sliders").append(...names.map(sliderRow));
    for (const form of ["axes", "sliders"]) byId(form).addEventListener("submit", (event) => event.preventDefault());
    byId("axis").addEventListener("change", chooseAxis);
    byId("log-x").addEventListener("change", () => { state.logX = byId("log-x").checked; rebuild(); });
    byId("log-y").addEventListener("change", () => { state.logY = byId("log-y").checked; rebuild(); });
    byId("focus").addEventListener("change", () => { state.focus = Number(byId("focus").value); showFocus(); rebuild(); });
    byId("copy").addEventListener("click", copy);
    new ResizeObserver(() => {
      curveChart?.setSize(size(byId("curves")));
      termChart?.setSize(size(byId("terms-chart")));
    }).observe(byId("curves"));
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => { curveChart.redraw(); termChart.redraw(); });
    showFocus();
    chooseAxis();
  };
  window.explorer = { state, drawn, evaluate, problem, vacuous };
  start();
})();
