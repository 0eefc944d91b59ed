// What Data Docs call of jQuery, Bootstrap, bootstrap-table and Vega where these could not be fetched: tables with a search
// field, filters, an order and pages of rows; folds, tabs, "failed only"; charts as tables. Whatever else is called does nothing.
if (!window.jQuery) {
  document.documentElement.classList.add("offline");
  const make = (tag, properties = {}) => Object.assign(document.createElement(tag), properties);
  const plain = (value) => new DOMParser().parseFromString(String(value ?? ""), "text/html").body.textContent.trim();

  // A table over the data that the page holds, as bootstrap-table would show it.
  class Table {
    constructor(table, options) {
      Object.assign(this, { table, options, page: 0, filters: new Map(), size: 25 });
      this.column = options.columns.find((column) => column.field === options.sortName);
      this.down = options.sortOrder === "desc";
      this.collectors = new Map(options.columns.map((column) => [column, window[column.filterDataCollector]]));
      table.classList.add("ge-filled");
      this.head = table.appendChild(make("thead"));
      this.body = table.appendChild(make("tbody"));
      this.foot = make("div", { className: "ge-pages" });
      table.after(this.foot);
      this.addHead();
      this.addSearch();
      this.show();
    }
    text(row, column) {
      const collect = this.collectors.get(column);
      return plain(collect ? collect(row[column.field], row) : row[column.field]);
    }
    order(row) {
      const value = row[this.column.sortName] ?? plain(row[this.column.field]);
      return value;
    }
    addHead() {
      const titles = this.head.appendChild(make("tr"));
      for (const column of this.options.columns) {
        const cell = titles.appendChild(make("th", { scope: "col" }));
        if (!column.sortable) { cell.textContent = column.title; continue; }
        const button = make("button", { textContent: column.title, type: "button", className: "ge-order" });
        button.addEventListener("click", () => {
          this.down = this.column === column && !this.down;
          this.column = column;
          this.page = 0;
          this.show();
        });
        cell.append(button);
      }
      if (!this.options.columns.some((column) => column.filterControl)) return;
      const controls = this.head.appendChild(make("tr"));
      for (const column of this.options.columns) controls.appendChild(make("td")).append(...this.control(column));
    }
    control(column) {
      if (!column.filterControl) return [];
      const field = make(column.filterControl === "select" ? "select" : "input");
      field.setAttribute("aria-label", `Filter by ${column.title}`);
      if (column.filterControl === "select") {
        const words = [...new Set(this.options.data.map((row) => this.text(row, column)))].sort();
        field.append(make("option", { value: "", textContent: "all" }));
        for (const word of words.filter(Boolean)) field.append(make("option", { value: word, textContent: word }));
      }
      const exact = column.filterControl === "select";
      field.addEventListener("input", () => this.narrow(column.field, field.value && ((row) => {
        const text = this.text(row, column);
        return exact ? text === field.value : text.toLowerCase().includes(field.value.toLowerCase());
      })));
      return [field];
    }
    addSearch() {
      if (!this.options.search) return;
      const field = make("input", { type: "search", placeholder: "Search", className: "ge-search" });
      field.setAttribute("aria-label", "Search");
      field.addEventListener("input", () => {
        const wanted = field.value.toLowerCase();
        this.narrow("", wanted && ((row) => this.options.columns.some((column) => this.text(row, column).toLowerCase().includes(wanted))));
      });
      this.table.before(field);
    }
    narrow(name, test) {
      if (test) this.filters.set(name, test);
      else this.filters.delete(name);
      this.page = 0;
      this.show();
    }
    rows() {
      const rows = this.options.data.filter((row) => [...this.filters.values()].every((test) => test(row)));
      if (!this.column) return rows;
      const keyed = rows.map((row) => [this.order(row), row]);
      keyed.sort(([left], [right]) => (left > right) - (left < right));
      if (this.down) keyed.reverse();
      return keyed.map(([, row]) => row);
    }
    show() {
      const rows = this.rows();
      const pages = Math.max(1, Math.ceil(rows.length / this.size));
      const first = this.page * this.size;
      this.body.replaceChildren(...rows.slice(first, first + this.size).map((row) => this.line(row)));
      this.head.querySelectorAll("th").forEach((cell, number) => {
        const chosen = this.options.columns[number] === this.column;
        cell.setAttribute("aria-sort", chosen ? (this.down ? "descending" : "ascending") : "none");
      });
      this.foot.replaceChildren();
      if (rows.length === 0) this.foot.textContent = "Nothing here.";
      if (pages === 1) return;
      const step = (text, by) => {
        const button = make("button", { textContent: text, type: "button", className: "btn", disabled: this.page + by < 0 || this.page + by >= pages });
        button.addEventListener("click", () => { this.page += by; this.show(); });
        return button;
      };
      const told = `${first + 1} to ${Math.min(first + this.size, rows.length)} of ${rows.length}`;
      this.foot.append(step("‹ before", -1), ` ${told} `, step("after ›", 1));
    }
    line(row) {
      const line = make("tr");
      for (const column of this.options.columns) line.append(make("td", { innerHTML: String(row[column.field] ?? "") }));
      const link = row._table_row_link_path;
      if (link) {
        line.lastChild.append(" ", make("a", { href: link, textContent: "show" }));
        line.className = "clickable-row";
        line.addEventListener("click", (event) => { if (!event.target.closest("a")) window.location = link; });
      }
      return line;
    }
    clear() {
      this.filters.clear();
      const controls = [...this.head.querySelectorAll("input, select"), this.table.previousElementSibling];
      for (const field of controls) if (field?.matches("input, select")) field.value = "";
      this.page = 0;
      this.show();
    }
  }

  const tables = new Map();
  const ours = {
    ready: () => {},
    each: (elements, act) => elements.forEach((element, number) => act(number, element)),
    addClass: (elements, name) => elements.forEach((element) => element.classList.add(name)),
    removeClass: (elements, name) => elements.forEach((element) => element.classList.remove(name)),
    fadeIn: (elements) => elements.forEach((element) => element.classList.remove("ge-gone")),
    fadeOut: (elements) => elements.forEach((element) => element.classList.add("ge-gone")),
    bootstrapTable: ([table], given) => {
      if (typeof given === "string") tables.get(table)?.clear();
      else if (table && given?.data && !tables.has(table)) tables.set(table, new Table(table, given));
    },
  };
  const wrap = (elements) => new Proxy({}, {
    get: (_, name) => {
      if (name === "parent") return () => wrap([...new Set(elements.map((element) => element.parentElement).filter(Boolean))]);
      return (...given) => { ours[name]?.(elements, ...given); return wrap(elements); };
    },
  });
  const all = (what) => {
    try { return typeof what === "string" ? [...document.querySelectorAll(what)] : what instanceof Element ? [what] : []; }
    catch { return []; } // a selector that jQuery alone knows
  };
  window.$ = window.jQuery = (what) => wrap(all(what));

  // A chart as the table of its values: Vega would be a megabyte on every page.
  window.vegaEmbed = (selector, chart) => {
    const [place] = all(selector);
    const values = chart?.data?.values ?? Object.values(chart?.datasets ?? {})[0] ?? [];
    const names = [...new Set(values.flatMap((value) => Object.keys(value)))];
    const table = make("table", { className: "table-bordered" });
    const line = (texts, tag) => {
      const row = table.appendChild(make("tr"));
      for (const text of texts) row.append(make(tag, { textContent: String(text ?? "") }));
    };
    line(names, "th");
    for (const value of values.slice(0, 100)) line(names.map((name) => value[name]), "td");
    place?.append(table);
    return Promise.resolve({});
  };

  document.addEventListener("click", (event) => {
    const [opener] = [event.target.closest?.('[data-toggle="collapse"], [data-toggle="tab"], [data-dismiss]')];
    if (!opener) return;
    event.preventDefault();
    if (opener.dataset.dismiss) { opener.closest(`.${opener.dataset.dismiss}`)?.classList.add("ge-gone"); return; }
    const [target] = all(`#${CSS.escape((opener.dataset.target ?? opener.getAttribute("href") ?? "").slice(1))}`);
    if (!target) return;
    if (opener.dataset.toggle === "collapse") {
      opener.setAttribute("aria-expanded", String(target.classList.toggle("show")));
      return;
    }
    for (const other of opener.closest(".nav, ul")?.querySelectorAll('[data-toggle="tab"]') ?? []) {
      other.classList.toggle("active", other === opener);
      other.setAttribute("aria-selected", String(other === opener));
    }
    for (const pane of target.parentElement.children) pane.classList.toggle("active", pane === target);
  });
  document.addEventListener("change", (event) => {
    const group = event.target.closest?.(".btn-group-toggle");
    for (const label of group?.querySelectorAll("label") ?? []) label.classList.toggle("active", label.contains(event.target));
  });
}
