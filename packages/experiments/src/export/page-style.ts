/** The style sheet of a report's page. */
export const pageStyle = `
:root { color: #1b1b19; background: #fff; font: 14px/1.5 ui-sans-serif, system-ui, -apple-system, "Segoe UI", Roboto, sans-serif; font-variant-numeric: tabular-nums; }
body { max-width: 66rem; margin: 2.5rem auto; padding: 0 1.25rem; }
h1 { margin: 0; font-size: 1.7rem; letter-spacing: -.015em; overflow-wrap: anywhere; }
h2 { margin: 0 0 .5rem; font-size: 1rem; }
section, dl { margin: 0 0 2rem; }
p { margin: 0 0 .5rem; }
.quiet, figcaption, footer { color: #5d5b55; }
.simulated { padding: .6rem .9rem; border: 1px solid #8a5a00; border-radius: 6px; background: #fdf1dc; }
.finding { margin-top: 1.25rem; padding-left: 1rem; border-left: 3px solid #1b1b19; }
.finding p { max-width: 48rem; font-size: 1.2rem; line-height: 1.45; }
.finding ul { margin: .75rem 0 0; padding-left: 1.1rem; max-width: 48rem; color: #5d5b55; }
.figures { display: grid; grid-template-columns: repeat(auto-fit, minmax(11rem, 1fr)); gap: 1rem; }
.figures dt { color: #5d5b55; }
.figures dd { margin: 0; font-size: 1.15rem; font-weight: 600; }
figure { margin: .75rem 0; }
svg { display: block; width: 100%; height: auto; }
section { overflow-x: auto; }
table { width: 100%; border-collapse: collapse; font-size: .93em; }
th, td { padding: .35rem .5rem; border-bottom: 1px solid #e7e6e1; text-align: right; vertical-align: top; white-space: nowrap; }
th:first-child, .text { text-align: left; }
thead th { color: #5d5b55; font-weight: 500; white-space: normal; vertical-align: bottom; }
tbody th { font-weight: 500; }
.primary > * { font-weight: 600; }
.passed { color: #17744a; } .breached { color: #b3261e; font-weight: 600; } .undecided { color: #8a5a00; }
footer { padding-top: 1rem; border-top: 1px solid #e7e6e1; font-size: .9em; }
@page { size: A4; margin: 14mm; }
@media print {
  :root { font-size: 9px; }
  th, td { padding: .3rem .35rem; }
  body { max-width: none; margin: 0; padding: 0; }
  figure, tr, .finding, .figures { break-inside: avoid; }
  h2 { break-after: avoid; }
  thead { display: table-header-group; }
  section { overflow: visible; }
  * { print-color-adjust: exact; }
}
`;
