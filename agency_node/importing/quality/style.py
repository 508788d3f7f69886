"""The one style sheet of the quality page, and the policy under which a browser shows the page.

Law: nothing is fetched and nothing runs. The policy allows this style sheet by its hash and nothing
else (attack: a page that a person opens beside the agency's records, and that fetches an address of
somebody else's).
"""

from __future__ import annotations

import hashlib
from base64 import b64encode
from typing import Final

# Contrast of text is 4.5 to 1 or more, that of shapes 3 to 1 (WCAG 2.2, 1.4.3 and 1.4.11).
STYLE: Final = """
:root { color-scheme: light; }
* { box-sizing: border-box; }
body { margin: 0; background: #fff; color: #0b0c0c;
  font: 1.05rem/1.5 "Helvetica Neue", Arial, sans-serif; }
main, header, footer { max-width: 60rem; margin: 0 auto; padding: 0 1.25rem; }
header { padding-top: 1.5rem; border-bottom: 10px solid #1d70b8; }
h1 { font-size: 2rem; line-height: 1.15; margin: 0 0 .5rem; }
h2 { font-size: 1.5rem; line-height: 1.2; margin: 2.5rem 0 .75rem; }
h3 { font-size: 1.15rem; margin: 1.75rem 0 .5rem; }
p, ul, ol { margin: 0 0 1rem; max-width: 44rem; }
a { color: #1d70b8; }
a:focus { outline: 3px solid #0b0c0c; background: #fd0; color: #0b0c0c; }
.caption, .hint { color: #505a5f; }
.inset { border-left: 10px solid #b1b4b6; padding: .75rem 1rem; margin: 1.5rem 0; }
.warning { border-left: 10px solid #d4351c; padding: .75rem 1rem; margin: 1.5rem 0; }
.inset p:last-child, .warning p:last-child { margin-bottom: 0; }
.warning h2 { margin-top: 0; }
table { border-collapse: collapse; width: 100%; margin: 0 0 1.5rem; font-size: 1rem; }
caption { text-align: left; font-weight: bold; padding-bottom: .25rem; }
th, td { text-align: left; vertical-align: top; padding: .4rem .75rem .4rem 0;
  border-bottom: 1px solid #b1b4b6; }
td.number, th.number { text-align: right; white-space: nowrap; font-variant-numeric: tabular-nums; }
tbody th { font-weight: normal; }
dl { display: grid; grid-template-columns: minmax(12rem, 1fr) 2fr; margin: 0 0 1.5rem; }
dt, dd { margin: 0; padding: .4rem .75rem .4rem 0; border-bottom: 1px solid #b1b4b6; }
dt { font-weight: bold; }
ol.steps { padding-left: 1.5rem; max-width: none; }
ol.steps li { margin-bottom: 1.25rem; padding-left: .5rem; }
ol.steps p { margin: 0 0 .25rem; }
code { font-family: "DejaVu Sans Mono", Consolas, monospace; font-size: .95em; }
.chart { overflow-x: auto; margin: 0 0 1rem; }
svg { display: block; max-width: 100%; height: auto; font: 13px Arial, sans-serif; }
svg .label { text-anchor: end; fill: #0b0c0c; }
svg .value, svg .legend { fill: #0b0c0c; }
svg .track { fill: #f3f2f1; }
svg .bar { fill: #1d70b8; }
svg .good { fill: #00703c; }
svg .bad { fill: #d4351c; }
svg .aside { fill: #6f777b; }
svg .apart { fill: #4c2c92; }
svg .axis { stroke: #6f777b; stroke-width: 1; }
svg .trend { fill: none; stroke: #1d70b8; stroke-width: 2; }
td svg { width: 9rem; }
footer { border-top: 1px solid #b1b4b6; margin-top: 3rem; padding: 1rem 1.25rem 3rem; }
@media (max-width: 40rem) { dl { grid-template-columns: 1fr; } dt { border-bottom: 0; } }
@media print {
  @page { margin: 15mm; }
  body { font-size: 10pt; }
  header { border-bottom-width: 3px; }
  h2 { break-after: avoid; }
  tr, li, svg, .inset, .warning { break-inside: avoid; }
  a { color: #0b0c0c; }
}
"""
POLICY: Final = (
    "default-src 'none'; base-uri 'none'; form-action 'none'; "
    f"style-src 'sha256-{b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()}'"
)
