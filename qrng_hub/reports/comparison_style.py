"""How the page of a comparison looks: light and dark, on a phone, and on paper."""

STYLE = """
:root { color-scheme: light dark; --page: #fff; --ink: #1b1f24; --faint: #57606a; --rule: #d0d7de; --empty: #e3e7eb;
  --card: #f6f8fa; --bar: #2f6fb3; --out: #1f8a70; --more: #c4571a; --less: #2f6fb3; --link: #0a56a8; }
@media (prefers-color-scheme: dark) { :root { --page: #14171b; --ink: #e6e9ec; --faint: #9aa4ae; --rule: #363d45;
  --empty: #2a3037; --card: #1b1f25; --bar: #6ea8e0; --out: #4fc3a1; --more: #f0915a; --less: #6ea8e0;
  --link: #8fc1f5; } }
* { box-sizing: border-box; }
body { background: var(--page); color: var(--ink); font: 16px/1.5 system-ui, sans-serif; margin: 0 auto;
  max-width: 76rem; padding: 1rem; }
h1, h2, h3 { line-height: 1.2; } h2 { margin-top: 2.5rem; } a { color: var(--link); }
figcaption, small, .faint { color: var(--faint); } .summary { font-size: 1.1em; margin: .5rem 0; max-width: 62rem; }
.badge { border: 1px solid var(--more); border-radius: 4px; padding: 0 .4em; white-space: nowrap; }
.charts { column-gap: 1rem; columns: 26rem; margin-bottom: 1rem; }
figure { background: var(--card); border: 1px solid var(--rule); border-radius: 8px; break-inside: avoid;
  margin: 0 0 1rem; padding: .8rem; }
figure h3 { font-size: 1rem; margin: 0 0 .3rem; overflow-wrap: anywhere; } figcaption { font-size: .9rem; margin:
  .4rem 0; }
svg { display: block; height: auto; max-width: 34rem; width: 100%; }
svg text { fill: var(--ink); font: 13px system-ui, sans-serif; } svg .tick, svg .small { font-size: 11px; }
svg .tick { fill: var(--faint); } svg text { paint-order: stroke; stroke: var(--card); stroke-linejoin: round;
  stroke-width: 3px; } svg .small { stroke: none; }
svg .axis { fill: var(--faint); font-size: 12px; } svg .note { fill: var(--more); font-size: 11px; }
.bar { fill: var(--bar); } .out { fill: var(--out); } .more { fill: var(--more); } .less { fill: var(--less); }
.empty { fill: var(--empty); } .ground { fill: var(--page); stroke: var(--faint); stroke-width: .7; }
.unused { fill: none; stroke: var(--rule); } .ink { fill: var(--ink); } .grid { stroke: var(--rule); }
.whisker { stroke: var(--ink); stroke-width: 1; } .many { stroke-opacity: .35; }
.band { stroke: var(--faint); stroke-dasharray: 4 3; }
.band.far { stroke-dasharray: 1 3; } polyline { fill: none; } .trace { stroke: var(--more); stroke-width: 2; }
.traces { stroke: var(--bar); stroke-opacity: .3; } .traces.strong { stroke-opacity: 1; stroke-width: 1.5; }
.series-1 { stroke: var(--out); stroke-dasharray: 8 3; } .series-2 { stroke: var(--more); stroke-dasharray: 3 3; }
.series-3 { stroke: var(--ink); stroke-dasharray: 10 3 2 3; }
.key { border-bottom: 3px solid; color: var(--ink); } .key.more { border-color: var(--more); }
.key.less { border-color: var(--less); } .key.bar { border-color: var(--bar); } .key.out { border-color: var(--out); }
.key.empty { border-color: var(--faint); }
.scroll { overflow-x: auto; } .scroll:focus-visible, summary:focus-visible, a:focus-visible { outline: 3px solid
  var(--link);
  outline-offset: 2px; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
th, td { border-bottom: 1px solid var(--rule); padding: .25em .6em; text-align: right; } tbody th { font-weight:
  normal; }
td { white-space: nowrap; }
tr > :first-child, td.words { text-align: left; } td.words { min-width: 16rem; white-space: normal; }
figure table { font-size: .85rem; }
summary { cursor: pointer; padding: .3rem 0; } .backend { border-top: 1px solid var(--rule); }
.backend > summary { font-size: 1.1rem; font-weight: 600; overflow-wrap: anywhere; }
@media (max-width: 30rem) { body { padding: .5rem; } figure { padding: .5rem; }
  svg .tick, svg .small, svg .note { font-size: 13px; } svg .axis { font-size: 13px; } }
@media print { :root { color-scheme: light; font-size: 11px; --page: #fff; --ink: #000; --faint: #444; --rule: #bbb;
  --card: #fff; --bar: #2f6fb3; --out: #1f8a70; --more: #a8450d; --less: #2f6fb3; --empty: #e3e7eb; --link: #000; }
  body { font-size: 11px; max-width: none; }
  .charts { columns: 2; } svg { max-width: none; } figure, tr { break-inside: avoid; } figure details { display: none; }
  details.backend::details-content { block-size: auto; content-visibility: visible; } }
"""
