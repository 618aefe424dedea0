// src/dom.ts
function e(e, t = {}, ...n) {
	let r = document.createElement(e);
	for (let [e, n] of Object.entries(t)) typeof n == "function" ? r.addEventListener(e.replace(/^on/, ""), n) : n === !0 ? r.setAttribute(e, "") : n !== !1 && n != null && r.setAttribute(e, String(n));
	return r.append(...n.filter((e) => e !== null)), r;
}
// src/balls.ts
var t = () => ({ el: e("section", {
	class: "balls",
	"aria-label": "balls"
}) }), n = () => ({ el: e("section", {
	class: "bench",
	"aria-label": "bench"
}) }), r = () => ({ el: e("section", {
	class: "boundary",
	"aria-label": "boundary"
}) }), i = () => ({ el: e("section", {
	class: "curves",
	"aria-label": "curves"
}) });
// src/exports.ts
function a(e) {
	let { name: t, mime: n } = e.head;
	o(new Blob([e.arrays.bytes ?? /* @__PURE__ */ new Uint8Array()], { type: n }), t);
}
function o(e, t) {
	let n = document.createElement("a");
	n.href = URL.createObjectURL(e), n.download = t, n.click(), setTimeout(() => URL.revokeObjectURL(n.href), 1e4);
}
// src/inspector.ts
var s = () => ({ el: e("section", {
	class: "inspector",
	"aria-label": "inspector"
}) }), c = class {
	state;
	listeners = [];
	changed = /* @__PURE__ */ new Set();
	asked = !1;
	constructor(e) {
		this.state = e;
	}
	set(e) {
		let t = !1;
		for (let n of Object.keys(e)) Object.is(this.state[n], e[n]) || (this.state[n] = e[n], this.changed.add(n), t = !0);
		t && !this.asked && (this.asked = !0, l(() => this.tell()));
	}
	on(e, t) {
		let n = [new Set(e), t];
		return this.listeners.push(n), () => void this.listeners.splice(this.listeners.indexOf(n), 1);
	}
	tell() {
		let e = this.changed;
		this.changed = /* @__PURE__ */ new Set(), this.asked = !1;
		for (let [t, n] of [...this.listeners]) for (let r of e) if (t.has(r)) {
			n();
			break;
		}
	}
};
function l(e) {
	typeof document > "u" || document.visibilityState === "hidden" ? setTimeout(e, 0) : requestAnimationFrame(e);
}
function u() {
	return {
		hello: null,
		scene: null,
		data: null,
		surface: null,
		runs: /* @__PURE__ */ new Map(),
		critical: null,
		inspect: null,
		boundary: null,
		basins: null,
		trust: null,
		spectrum: null,
		stability: /* @__PURE__ */ new Map(),
		caption: null,
		busy: /* @__PURE__ */ new Map(),
		fault: null,
		connection: "opening",
		bench: null,
		optimizers: [{
			name: "Adam",
			lr: .02
		}],
		steps: 300,
		batch: 0,
		speed: 60,
		window: null,
		points: 81,
		time: null,
		pointer: null,
		camera: {
			azimuth: -.6,
			elevation: .7,
			distance: 1.9
		},
		height: "auto",
		theme: "auto",
		tool: "drop",
		panel: "terrain"
	};
}
function d(e) {
	return e.scene?.log ?? [];
}
// src/link.ts
function f(e, t) {
	let { store: n, send: r } = e;
	return {
		open() {
			let { bench: e, window: t, points: i } = n.state;
			r({
				kind: "open",
				bench: e,
				log: d(n.state),
				window: t,
				points: i
			});
		},
		dispose: () => void 0
	};
}
// src/map.ts
var p = () => ({ el: e("section", {
	class: "map",
	"aria-label": "map"
}) }), m = () => ({ el: e("section", {
	class: "menu",
	"aria-label": "menu"
}) }), h = () => ({ el: e("section", {
	class: "notices",
	"aria-label": "notices"
}) }), g = [
	"a",
	"b",
	"loss",
	"plane_loss",
	"distance"
];
function _(e, t) {
	let { state: n } = e, r = t.head;
	r.scene !== void 0 && r.scene < (n.scene?.scene ?? 0) && t.kind !== "scene" || e.set(v(n, t));
}
function v(e, t) {
	let n = {
		...t.head,
		arrays: t.arrays
	};
	switch (t.kind) {
		case "hello": return { hello: t.head };
		case "scene": return y(e, t.head);
		case "run": return { runs: b(e, t.head) };
		case "path": return { runs: x(e, t) };
		case "stability": {
			let { run: r } = t.head;
			return { stability: new Map(e.stability).set(r, n) };
		}
		case "busy": {
			let { what: n, share: r, done: i } = t.head, a = new Map(e.busy).set(n, r);
			return i && a.delete(n), { busy: a };
		}
		case "file": return {};
		case "data":
		case "surface":
		case "boundary":
		case "basins":
		case "spectrum": return { [t.kind]: n };
		default: return { [t.kind]: t.head };
	}
}
function y(e, t) {
	let n = e.scene, r = t.log.filter((e) => "drop" in e).length, i = {
		scene: t,
		bench: t.bench,
		window: t.window
	};
	return n && n.scene === t.scene || Object.assign(i, {
		critical: null,
		basins: null,
		inspect: null,
		trust: null,
		pointer: null
	}), r === 0 && Object.assign(i, {
		runs: /* @__PURE__ */ new Map(),
		stability: /* @__PURE__ */ new Map(),
		time: null,
		spectrum: null
	}), i;
}
function b(e, t) {
	let n = e.runs.get(t.run)?.path ?? S(256);
	return new Map(e.runs).set(t.run, {
		...t,
		path: n
	});
}
function x(e, t) {
	let { run: n, replace: r } = t.head, i = e.runs.get(n);
	if (!i) return e.runs;
	let a = t.arrays, o = a.step?.length ?? 0, s = (r ? 0 : i.path.size) + o, c = s > i.path.step.length || r ? C(i.path, s, r) : { ...i.path }, l = s - o;
	c.step.set(a.step ?? /* @__PURE__ */ new Int32Array(), l), c.band.set(a.band ?? /* @__PURE__ */ new Uint8Array(), l);
	for (let e of g) c[e].set(a[e] ?? /* @__PURE__ */ new Float32Array(), l);
	return c.size = s, new Map(e.runs).set(n, {
		...i,
		path: c
	});
}
function S(e) {
	let t = () => new Float32Array(e);
	return {
		size: 0,
		step: new Int32Array(e),
		a: t(),
		b: t(),
		loss: t(),
		plane_loss: t(),
		distance: t(),
		band: new Uint8Array(e)
	};
}
function C(e, t, n) {
	let r = S(Math.max(256, 2 ** Math.ceil(Math.log2(t + 1))));
	if (n) return r;
	r.step.set(e.step.subarray(0, e.size)), r.band.set(e.band.subarray(0, e.size));
	for (let t of g) r[t].set(e[t].subarray(0, e.size));
	return r;
}
// src/style.css?inline
var w = ":host{display:block}.thalweg{font:15px/1.45 system-ui,sans-serif}", T = () => ({ el: e("section", {
	class: "terrain",
	"aria-label": "terrain"
}) }), E = () => ({ el: e("section", {
	class: "timeline",
	"aria-label": "timeline"
}) }), D = () => ({ el: e("section", {
	class: "tours",
	"aria-label": "tours"
}) }), O = () => ({ el: e("section", {
	class: "trust",
	"aria-label": "trust"
}) }), k = [
	m,
	h,
	n,
	t,
	T,
	p,
	E,
	i,
	r,
	s,
	() => ({ el: e("section", {
		class: "underneath",
		"aria-label": "underneath"
	}) }),
	O,
	D
], A = [
	h,
	T,
	p,
	E,
	O
];
function j(t, n) {
	let r = t.shadowRoot ?? t.attachShadow({ mode: "open" }), i = new CSSStyleSheet();
	i.replaceSync(w), r.adoptedStyleSheets = [i];
	let o = e("div", { class: "thalweg" });
	r.replaceChildren(o);
	let s = new c(u()), l = {
		store: s,
		send: (e) => n.send(e),
		root: o
	}, d = [], p = f(l, t.dataset.thalweg === "live");
	d.push(p.dispose);
	let m = "";
	return s.on(["hello"], () => {
		let e = s.state.hello?.layout ?? "";
		if (!e || e === m) return;
		m = e;
		for (let e of d.splice(1)) e();
		let t = (e === "figure" ? A : k).map((e) => e(l));
		o.dataset.layout = e, o.replaceChildren(...t.map((e) => e.el));
		for (let e of t) e.dispose && d.push(e.dispose);
	}), n.listen((e) => {
		e.kind === "file" && a(e), _(s, e);
	}, (e) => {
		s.set({ connection: e }), e === "open" && p.open();
	}), () => {
		n.close();
		for (let e of d) e();
		r.replaceChildren();
	};
}
// src/frames.ts
var M = {
	f4: Float32Array,
	i4: Int32Array,
	u1: Uint8Array
}, N = {
	f4: 4,
	i4: 4,
	u1: 1
};
function P(e) {
	let t = new DataView(e).getUint32(0, !0), n = JSON.parse(new TextDecoder().decode(new Uint8Array(e, 4, t))), r = {}, i = 4 + t;
	for (let { name: t, type: a, size: o } of n.arrays) r[t] = new M[a](e, i, o), i += Math.ceil(o * N[a] / 4) * 4;
	return {
		kind: n.kind,
		head: n.head,
		arrays: r
	};
}
// src/hosts.ts
function F(e) {
	return {
		send: (t) => e.send(t),
		listen(t, n) {
			e.on("msg:custom", (e, n) => {
				for (let e of n) t(P(z(e)));
			}), n("open");
		},
		close: () => void 0
	};
}
function I(e) {
	return {
		send: () => void 0,
		listen(t, n) {
			n("file");
			for (let n of e) t(P(n));
		},
		close: () => void 0
	};
}
var L = [
	500,
	1e3,
	2e3,
	4e3
];
function R(e) {
	let t = null, n = 0, r = !1;
	return {
		send(e) {
			t?.readyState === WebSocket.OPEN && t.send(JSON.stringify(e));
		},
		listen(i, a) {
			let o = () => {
				t = new WebSocket(e), t.binaryType = "arraybuffer", t.onopen = () => {
					n = 0, a("open");
				}, t.onmessage = (e) => i(P(e.data)), t.onclose = () => {
					r || (a("lost"), setTimeout(o, L[Math.min(n++, L.length - 1)]));
				};
			};
			o();
		},
		close() {
			r = !0, t?.close();
		}
	};
}
function z(e) {
	return new Uint8Array(e.buffer, e.byteOffset, e.byteLength).slice().buffer;
}
// src/main.ts
var B = { render({ model: e, el: t }) {
	return j(t, F(e));
} };
for (let e of document.querySelectorAll("[data-thalweg]")) e.dataset.thalweg === "live" ? j(e, R(`${location.protocol === "https:" ? "wss:" : "ws:"}//${location.host}/stream`)) : e.dataset.thalweg === "file" && j(e, I(V(e)));
function V(e) {
	return (document.getElementById(e.dataset.frames ?? "")?.textContent ?? "").split("\n").filter((e) => e.trim()).map((e) => Uint8Array.from(atob(e.trim()), (e) => e.charCodeAt(0)).buffer);
}
export { B as default };
