"use strict";
const data = JSON.parse(document.getElementById("data").textContent);
const at = id => document.getElementById(id);
// Everything a model or a file wrote goes in as text, never as markup.
const make = (tag, text, attributes = {}) => {
  const node = Object.assign(document.createElement(tag), attributes);
  if (text !== undefined) node.textContent = text;
  return node;
};
const table = (title, rows, heads, kind = "") => {
  const node = make("table", undefined, { className: kind });
  node.append(make("caption", title));
  for (const [row, tag] of [...(heads ? [[heads, "th"]] : []), ...rows.map(row => [row, "td"])]) {
    const line = make("tr");
    line.append(...row.map(one => {
      const cell = make(tag, one instanceof Node ? undefined : one);
      if (one instanceof Node) cell.append(one);
      return cell;
    }));
    node.append(line);
  }
  return node;
};
const questionOf = one => make("p", [one.question, ...(one.choices || []).map((choice, i) => `${String.fromCharCode(65 + i)}. ${choice}`)].join("\n"));
