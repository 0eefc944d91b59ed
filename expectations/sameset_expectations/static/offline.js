// What Data Docs call of jQuery and bootstrap-table where neither could be fetched: the tables of the index page are
// filled from the data that the page holds, everything else does nothing.
if (!window.jQuery) {
  document.documentElement.classList.add("offline");
  const fill = (selector) => (options) => {
    const table = document.querySelector(selector);
    if (!table || !options || !options.data) return;
    const cells = (values, tag) => values.map((value) => `<${tag}>${value ?? ""}</${tag}>`).join("");
    const titles = options.columns.map((column) => column.title);
    const rows = options.data.map((row) => {
      const values = options.columns.map((column) => row[column.field]);
      const link = row._table_row_link_path;
      if (link) values[values.length - 1] += ` <a href="${link}">show</a>`;
      return `<tr>${cells(values, "td")}</tr>`;
    });
    table.classList.add("ge-filled");
    table.innerHTML = `<thead><tr>${cells(titles, "th")}</tr></thead><tbody>${rows.join("")}</tbody>`;
  };
  window.$ = window.jQuery = (selector) => {
    const nothing = new Proxy(() => nothing, {
      get: (_, name) => (name === "bootstrapTable" ? fill(selector) : () => nothing),
    });
    return nothing;
  };
}
