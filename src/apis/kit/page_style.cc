#include "apis/kit/page_style.h"

namespace coffer::apis {

const std::string_view kPageStyle = R"css(:root {
  color-scheme: light dark;
  --paper: #f7f6f2;
  --card: #ffffff;
  --ink: #1d2321;
  --soft: #5f6a66;
  --line: #e2e0d8;
  --accent: #22665c;
  --on-accent: #ffffff;
  --tint: #e8f0ed;
  --stage: #ecebe5;
  --fault: #a6342b;
}
@media (prefers-color-scheme: dark) {
  :root {
    --paper: #131715;
    --card: #1b211e;
    --ink: #e9ece8;
    --soft: #9aa6a1;
    --line: #2b332f;
    --accent: #7cc7b8;
    --on-accent: #0d1f1b;
    --tint: #20302b;
    --stage: #0d100f;
    --fault: #f0998f;
  }
}
* { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; text-size-adjust: 100%; }
body {
  margin: 0;
  background: var(--paper);
  color: var(--ink);
  font: 1rem/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", "DejaVu Sans", sans-serif;
}
svg { width: 1.5em; height: 1.5em; fill: none; stroke: currentColor; stroke-width: 1.6; stroke-linecap: round; stroke-linejoin: round; flex: none; }
a { color: inherit; text-decoration: none; }
a:focus-visible, video:focus-visible, audio:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; border-radius: .4rem; }
.top { display: flex; align-items: center; gap: .5rem; max-width: 54rem; margin: 0 auto; padding: 1.5rem 1.5rem 0; color: var(--soft); font-weight: 600; letter-spacing: .01em; }
.top .logo { color: var(--accent); margin-left: -.2rem; }
main { max-width: 54rem; margin: 0 auto; padding: 1.25rem 1.5rem 4rem; }
.crumbs ol { display: flex; flex-wrap: wrap; gap: .1rem .35rem; margin: 0; padding: 0; list-style: none; color: var(--soft); font-size: .9rem; }
.crumbs li { display: flex; gap: .35rem; min-width: 0; }
.crumbs li:not(:last-child)::after { content: "/"; opacity: .6; }
.crumbs bdi { overflow-wrap: anywhere; }
.crumbs a:hover { color: var(--accent); text-decoration: underline; text-underline-offset: .2em; }
h1 { margin: .35rem 0 .25rem; font-size: clamp(1.4rem, 1.1rem + 1.6vw, 2rem); line-height: 1.2; font-weight: 650; letter-spacing: -.015em; overflow-wrap: anywhere; text-wrap: balance; }
.facts { margin: 0; color: var(--soft); font-size: .95rem; font-variant-numeric: tabular-nums; }
.facts span + span::before { content: "·"; margin: 0 .45rem; }
.about { margin: 1rem 0 0; max-width: 62ch; white-space: pre-line; overflow-wrap: anywhere; }
.list { margin: 1.5rem 0 0; padding: 0; list-style: none; background: var(--card); border: 1px solid var(--line); border-radius: .9rem; overflow: hidden; }
.list li + li { border-top: 1px solid var(--line); }
.list a { display: grid; grid-template-columns: 2.75rem 1fr auto; align-items: center; gap: 0 .9rem; padding: .6rem 1rem; min-height: 3.75rem; }
.list a:hover { background: var(--tint); }
.list a:focus-visible { outline-offset: -2px; }
.thumb { width: 2.75rem; height: 2.75rem; display: grid; place-items: center; border-radius: .55rem; background: var(--tint); color: var(--accent); overflow: hidden; }
.thumb img { width: 100%; height: 100%; object-fit: cover; display: block; }
.name { font-weight: 550; overflow-wrap: anywhere; display: -webkit-box; -webkit-line-clamp: 2; -webkit-box-orient: vertical; overflow: hidden; }
.kind { color: var(--soft); font-size: .875rem; grid-column: 2; }
.size { color: var(--soft); font-size: .9rem; font-variant-numeric: tabular-nums; white-space: nowrap; grid-column: 3; grid-row: 1 / span 2; }
.list .thumb { grid-row: 1 / span 2; }
.list audio { display: block; width: calc(100% - 2rem); height: 2.5rem; margin: 0 1rem .75rem; }
.gallery { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(13rem, 42vw), 1fr)); gap: .6rem; margin: 1.5rem 0 0; padding: 0; list-style: none; }
.gallery li { position: relative; min-width: 0; background: var(--stage); border: 1px solid var(--line); border-radius: .7rem; overflow: hidden; }
.gallery a { display: block; background: var(--card); }
.gallery a:hover { background: var(--tint); }
.gallery a:focus-visible { outline-offset: -2px; }
.badge { position: absolute; top: .5rem; right: .5rem; display: flex; align-items: center; gap: .3rem; padding: .1rem .5rem; border-radius: .4rem; background: rgb(0 0 0 / .7); color: #fff; font-size: .8rem; font-variant-numeric: tabular-nums; }
.badge svg { width: .7em; height: .7em; fill: currentColor; stroke: none; }
.gallery img, .blank { display: block; width: 100%; aspect-ratio: 1; object-fit: cover; background: var(--stage); }
.blank { display: grid; place-items: center; color: var(--accent); font-size: 2rem; }
.gallery .name { display: block; padding: .45rem .75rem; font-size: .875rem; white-space: nowrap; text-overflow: ellipsis; }
.list + .gallery, .gallery + .list { margin-top: 1rem; }
.empty { margin: 1.5rem 0 0; padding: 3rem 1rem; text-align: center; color: var(--soft); border: 1px dashed var(--line); border-radius: .9rem; }
.next { margin: 1.25rem 0 0; text-align: center; }
.stage { margin: 1.5rem 0 0; background: var(--stage); border: 1px solid var(--line); border-radius: .9rem; overflow: hidden; display: grid; place-items: center; }
.stage img, .stage video { display: block; max-width: 100%; max-height: 75vh; width: auto; height: auto; }
.stage video { width: 100%; background: #000; }
.stage audio { width: calc(100% - 2rem); margin: 1.5rem 1rem; }
.stage .cover { max-height: 18rem; margin: 1.5rem 1rem 0; border-radius: .5rem; }
.stage .plain { padding: 3.5rem 1rem; color: var(--accent); font-size: 2.6rem; line-height: 0; }
.stage .why { margin: -2rem 0 2.5rem; padding: 0 1.5rem; max-width: 46ch; text-align: center; color: var(--soft); }
.stage.paper { display: block; }
.paper iframe { display: block; width: 100%; height: min(80vh, 70rem); border: 0; background: var(--stage); }
.reader { margin: 1.5rem 0 0; padding: 1.1rem 1.25rem; max-height: 75vh; overflow: auto; background: var(--card); border: 1px solid var(--line); border-radius: .9rem; font: .9rem/1.55 ui-monospace, "Cascadia Mono", "DejaVu Sans Mono", monospace; white-space: pre-wrap; overflow-wrap: anywhere; tab-size: 4; }
.reader:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; }
.hint { margin: .75rem 0 0; font-size: .9rem; }
.actions { display: flex; flex-wrap: wrap; gap: .75rem; margin: 1.25rem 0 0; }
.button { display: inline-flex; align-items: center; justify-content: center; gap: .5rem; min-height: 2.9rem; padding: .5rem 1.25rem; border-radius: .7rem; border: 1px solid var(--line); background: var(--card); font-weight: 600; }
.button:hover { background: var(--tint); }
.button.main { background: var(--accent); border-color: var(--accent); color: var(--on-accent); }
.button.main:hover { filter: brightness(1.08); }
button.button { font: inherit; font-weight: 600; color: inherit; cursor: pointer; }
button.button.main { color: var(--on-accent); }
button.button:disabled { opacity: .6; cursor: progress; }
button.button:focus-visible, .form input:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; }
.form { margin: 1.5rem 0 0; max-width: 26rem; display: grid; gap: 1rem; padding: 1.5rem; background: var(--card); border: 1px solid var(--line); border-radius: .9rem; }
.form label { display: grid; gap: .35rem; font-weight: 550; }
.form input { font: inherit; font-weight: 400; color: inherit; background: var(--paper); border: 1px solid var(--line); border-radius: .6rem; min-height: 2.75rem; padding: .4rem .75rem; width: 100%; }
.form .actions { margin: 0; }
.form p { margin: 0; }
.note { color: var(--soft); }
.text { max-width: 62ch; }
.text h2 { margin: 2rem 0 .25rem; font-size: 1.15rem; }
.text p { margin: .5rem 0 0; }
code { font: .9em ui-monospace, "Cascadia Mono", "DejaVu Sans Mono", monospace; overflow-wrap: anywhere; }
.apis { margin: .75rem 0 0; padding: 0; list-style: none; background: var(--card); border: 1px solid var(--line); border-radius: .9rem; overflow: hidden; }
.apis li { display: grid; gap: .15rem; padding: .7rem 1rem; }
.apis li + li { border-top: 1px solid var(--line); }
.apis b { font-weight: 600; }
.apis code { color: var(--accent); }
.fault { color: var(--fault); font-weight: 550; }
[hidden] { display: none !important; }
.sorry { padding: 12vh 0 0; text-align: center; color: var(--soft); }
.sorry svg { width: 3.5rem; height: 3.5rem; color: var(--accent); }
.sorry h1 { color: var(--ink); margin-top: 1rem; }
.sorry p { margin: .5rem auto 0; max-width: 42ch; }
@media (max-width: 34rem) {
  .top { padding: 1rem 1rem 0; }
  main { padding: 1rem 1rem 3rem; }
  .list a { grid-template-columns: 2.75rem auto 1fr; padding: .6rem .75rem; gap: 0 .75rem; }
  .name { grid-column: 2 / span 2; }
  .size { grid-row: 2; font-size: .875rem; margin-left: -.35rem; }
  .size::before { content: "·"; margin-right: .4rem; }
  .stage, .reader { margin-left: -1rem; margin-right: -1rem; border-radius: 0; border-left: 0; border-right: 0; }
  .reader { padding: 1rem; font-size: .85rem; }
  .actions .button { flex: 1 1 auto; }
}
@media print { .actions, .next, .hint { display: none; } .reader { max-height: none; border: 0; padding: 0; } }
)css";

}  // namespace coffer::apis
