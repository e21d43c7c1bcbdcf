// Looks and behaviour of the page of `ingot inspect --html`.
#pragma once

#include <string_view>

namespace ingot::builder::inspect {

inline constexpr std::string_view kStyle = R"css(
:root{color-scheme:light dark;--bg:#f6f5f2;--card:#fff;--ink:#1d2127;--dim:#6b7280;--line:#e4e1da;--accent:#b4532a;
--c0:#7a9cc6;--c1:#d98d62;--c2:#e2c463;--c3:#a99bd1;--c4:#d57f8b;--c5:#86b59b;--c6:#74b8c2;--c7:#b5a68c;--c8:#a9adb5}
@media(prefers-color-scheme:dark){:root{--bg:#14171b;--card:#1c2026;--ink:#e7e5e0;--dim:#98a0ab;--line:#2c323a;--accent:#e58a5c;
--c0:#4c7099;--c1:#a9623b;--c2:#a68a35;--c3:#7568a3;--c4:#a0525f;--c5:#4f8468;--c6:#3f8590;--c7:#80725a;--c8:#646b76}}
*{box-sizing:border-box}
body{margin:0 auto;max-width:1240px;padding:28px 20px 60px;background:var(--bg);color:var(--ink);
font:14px/1.45 system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",sans-serif;font-variant-numeric:tabular-nums}
header{display:flex;align-items:baseline;gap:16px;margin:0 0 18px}
h1{margin:0;font-size:34px;line-height:1;letter-spacing:-.02em}
header p{margin:0;color:var(--dim)}
h2{font-size:15px;margin:0 0 8px}
.figures{display:grid;grid-template-columns:repeat(auto-fit,minmax(170px,1fr));gap:12px;margin:0 0 20px}
.figures div,section,.tabs .pane{background:var(--card);border:1px solid var(--line);border-radius:10px}
.figures div{padding:12px 16px;min-width:0}
.figures b{display:block;font-size:22px;letter-spacing:-.01em;overflow-wrap:anywhere;line-height:1.25}
.figures span{display:block;color:var(--ink)}
.figures small{color:var(--dim)}
.tabs{display:flex;flex-wrap:wrap;align-items:center;gap:8px}
.tabs input[type=radio]{position:absolute;opacity:0;pointer-events:none}
.tabs label{padding:6px 14px;border-radius:8px;border:1px solid var(--line);background:var(--card);cursor:pointer}
.tabs input:checked+label{background:var(--ink);color:var(--bg);border-color:var(--ink)}
.tabs input:focus-visible+label{outline:2px solid var(--accent);outline-offset:2px}
#search{margin-left:auto;width:min(320px,100%);padding:7px 12px;border-radius:8px;border:1px solid var(--line);
background:var(--card);color:inherit;font:inherit}
#found{margin:0}
.pane{display:none;width:100%;padding:14px}
#tab-p:checked~#pane-p,#tab-d:checked~#pane-d{display:block}
.map{display:block;width:100%;height:auto;border-radius:6px;overflow:hidden}
.map rect{stroke:var(--card);stroke-width:1.5}
.map rect.d1{stroke-width:.8;fill-opacity:.72}.map rect.d2{stroke-width:.8;fill-opacity:.6}.map rect.d3{stroke-width:.6;fill-opacity:.5}
.map g:hover>rect{filter:brightness(1.08)}
.map text{font-size:11.5px;font-weight:600;fill:var(--ink);pointer-events:none}
.map text.in{font-size:10.5px;font-weight:400}
.map tspan{font-weight:400;opacity:.7}
.map g.off{opacity:.13}
.c0{fill:var(--c0);background:var(--c0)}.c1{fill:var(--c1);background:var(--c1)}.c2{fill:var(--c2);background:var(--c2)}
.c3{fill:var(--c3);background:var(--c3)}.c4{fill:var(--c4);background:var(--c4)}.c5{fill:var(--c5);background:var(--c5)}
.c6{fill:var(--c6);background:var(--c6)}.c7{fill:var(--c7);background:var(--c7)}.c8{fill:var(--c8);background:var(--c8)}
.legend{display:flex;flex-wrap:wrap;gap:6px 16px;margin:10px 2px 14px;color:var(--dim);font-size:12.5px}
.legend i{display:inline-block;width:11px;height:11px;border-radius:3px;margin-right:6px;vertical-align:-1px}
table{width:100%;border-collapse:collapse}
th{position:sticky;top:0;background:var(--card);text-align:left;font-weight:500;color:var(--dim);padding:6px 8px;border-bottom:1px solid var(--line);white-space:nowrap}
.sortable th{cursor:pointer}.sortable th[data-s]::after{content:" ↓"}.sortable th[data-s=a]::after{content:" ↑"}
td{padding:4px 8px;border-bottom:1px solid var(--line);vertical-align:top;overflow-wrap:break-word}
tr:last-child td{border-bottom:0}
tbody tr:hover{background:color-mix(in srgb,var(--line) 45%,transparent)}
.name{font-weight:500}.dim{color:var(--dim)}.n{text-align:right;white-space:nowrap}
.alarm{color:var(--accent);font-weight:700}.quiet{color:var(--dim)}
#packages th:nth-child(n+3):nth-child(-n+5){text-align:right}
#packages td:nth-child(1){white-space:nowrap}
.bar{width:16%;min-width:70px}.bar i{display:block;height:9px;border-radius:3px;margin-top:6px;min-width:1px}
.tree{margin-top:14px}
.folder{display:grid;grid-template-columns:1fr 90px 90px 160px;gap:10px;padding:3px 8px;border-radius:6px;cursor:default}
summary.folder{cursor:pointer;list-style:none}
summary.folder::-webkit-details-marker{display:none}
.folder .name::before{content:"";display:inline-block;width:16px;color:var(--dim);font-size:10px}
summary.folder .name::before{content:"▸"}details[open]>summary.folder .name::before{content:"▾"}
.folder:hover{background:color-mix(in srgb,var(--line) 45%,transparent)}
details details,.leaf{margin-left:18px}
details>details>summary,details>.leaf{grid-template-columns:1fr 90px 90px 160px}
.columns{columns:2 460px;column-gap:16px;margin-top:16px}
section{padding:14px;margin:0 0 16px;break-inside:avoid-column;overflow-x:auto}
section ul{margin:0;padding-left:20px}
footer{margin-top:18px;color:var(--dim);font-size:12.5px}
.off{opacity:.25}tr.off{display:none}
@media(max-width:640px){body{padding:16px 10px}.folder,details>details>summary,details>.leaf{grid-template-columns:1fr 80px 80px}.folder .bar{display:none}}
)css";

inline constexpr std::string_view kScript = R"js(
"use strict";
const search=document.getElementById("search"),found=document.getElementById("found");
search.hidden=false;
const all=[...document.querySelectorAll("[data-k]")];
const look=()=>{
  const word=search.value.trim().toLowerCase();
  let count=0;
  for(const node of all){
    const fits=!word||node.dataset.k.toLowerCase().includes(word)||(node.tagName==="TR"&&node.textContent.toLowerCase().includes(word));
    node.classList.toggle("off",!fits);
    if(fits&&node.tagName==="TR")count++;
  }
  found.hidden=!word;
  found.textContent=word?count+(count===1?" package":" packages"):"";
  document.body.dataset.found=count;
};
search.addEventListener("input",look);
document.addEventListener("keydown",event=>{
  if(event.key==="/"&&document.activeElement!==search){event.preventDefault();search.focus();}
  if(event.key==="Escape"){search.value="";look();}
});
for(const table of document.querySelectorAll(".sortable")){
  const heads=[...table.tHead.rows[0].cells],body=table.tBodies[0];
  heads.forEach((head,column)=>head.addEventListener("click",()=>{
    const up=head.dataset.s==="d";
    heads.forEach(other=>delete other.dataset.s);
    head.dataset.s=up?"a":"d";
    const value=row=>{const cell=row.cells[column];return cell.dataset.v===undefined?cell.textContent:Number(cell.dataset.v);};
    const rows=[...body.rows].sort((a,b)=>{
      const x=value(a),y=value(b);
      const order=typeof x==="number"?y-x:x.localeCompare(y);
      return up?-order:order;
    });
    body.append(...rows);
  }));
}
if(location.hash.startsWith("#search=")){search.value=decodeURIComponent(location.hash.slice(8));look();}
if(location.hash==="#directories"){document.getElementById("tab-d").checked=true;}
)js";

} // namespace ingot::builder::inspect
