// The page of an invite, for people: it shows the group's name, joins with the account that this
// browser is logged in with, and logs in otherwise. The token stays in the browser's own storage
// for this origin, where no upload can reach it: what may run script is served in a sandbox.
#include <fmt/format.h>

#include "apis/fileuploader/handlers.h"
#include "apis/kit/page.h"

namespace coffer::apis::fileuploader {
namespace {

constexpr char kContent[] =
    R"(<p class="facts" id="invited"><span>You are invited to a group</span></p>
<h1>{0}</h1>
<p class="about note" id="about">Members see the files of the group and add their own.</p>
<p class="about" id="plain">Joining here takes JavaScript. Programs join with <code>POST {1}/api/join/</code> and
the last part of this address.</p>
<section id="join" class="form" hidden>
<p>You are logged in as <b id="who"></b>.</p>
<div class="actions"><button class="button main" id="go" type="button">Join the group</button>
<button class="button" id="other" type="button">Another account</button></div>
</section>
<form id="login" class="form" hidden>
<p class="note" id="hint">Log in with your account to join.</p>
<label>Username<input id="username" name="username" autocomplete="username" autocapitalize="none" spellcheck="false" required></label>
<label>Password<input id="password" name="password" type="password" autocomplete="current-password" required></label>
<div class="actions"><button class="button main" id="enter" type="submit">Log in and join</button>
<button class="button" id="switch" type="button">New account</button></div>
</form>
<section id="done" class="form" hidden>
<p id="joined"></p>
<p class="note">Programs know the group by its number, <b id="number"></b>.</p>
<div class="actions"><button class="button" id="leave" type="button">Log out</button></div>
</section>
<p class="about fault" id="fault" role="alert" hidden></p>
)";

// Everything it shows is set as text. It asks /api alone, below the path that this page is below.
constexpr char kScript[] = R"js('use strict';
(() => {
  const [base, invite] = location.pathname.match(/^(.*\/)invite\/([^\/]+)\/*$/).slice(1);
  const TOKEN = 'coffer.token', NAME = 'coffer.username';
  const $ = (id) => document.getElementById(id);
  let fresh = false;
  $('plain').hidden = true;

  const show = (id) => {
    for (const part of ['join', 'login', 'done']) $(part).hidden = part !== id;
    if (id !== 'done') $(id).querySelector('input, button').focus();
  };
  const tell = (text) => {
    $('fault').textContent = text || '';
    $('fault').hidden = !text;
  };
  const recall = (key) => { try { return localStorage.getItem(key); } catch { return null; } };
  const keep = (key, value) => {
    try {
      if (value === null) localStorage.removeItem(key); else localStorage.setItem(key, value);
    } catch { /* This page works without; the next one asks again. */ }
  };
  let token = recall(TOKEN);

  const ask = async (method, path, body) => {
    const headers = {};
    if (token) headers.Authorization = 'Bearer ' + token;
    if (body) headers['Content-Type'] = 'application/json';
    const reply = await fetch(base + path, { method, headers, body: body && JSON.stringify(body), cache: 'no-store' });
    let data = {};
    try { data = await reply.json(); } catch { /* no document: the status says enough */ }
    return { status: reply.status, data };
  };
  const forget = () => { token = null; keep(TOKEN, null); keep(NAME, null); };
  const logOut = async () => {
    await ask('POST', 'api/logout');
    forget();
    show('login');
  };
  const finish = (group, already) => {
    // A name's direction of writing ends with the name.
    const name = '“\u2068' + group.name + '\u2069”';
    $('joined').textContent = (already ? 'You are in the group ' : 'Welcome to the group ') + name + '.';
    $('number').textContent = group.group_id;
    $('invited').hidden = $('about').hidden = true;
    show('done');
  };
  const problem = (reply) => {
    if (reply.status === 401) { forget(); show('login'); return 'Please log in again.'; }
    if (reply.status === 404 && !reply.data.errorId) return 'This invite is no longer good. Ask for a new one.';
    if (reply.status === 429) return 'Too many attempts. Wait a minute, then try again.';
    return reply.data.message || 'Something went wrong. Try again in a moment.';
  };

  const join = async () => {
    const info = await ask('GET', 'api/invite_info/' + invite);
    if (info.status !== 200) return tell(problem(info));
    const reply = await ask('POST', 'api/join/' + invite);
    if (reply.status === 200) return finish(reply.data, false);
    if (reply.status === 400) return finish(info.data, true);
    tell(problem(reply));
  };
  const enter = async () => {
    const name = $('username').value;
    token = null;
    const reply = await ask('POST', fresh ? 'api/register' : 'api/login', { username: name, password: $('password').value });
    if (reply.status !== 200) return tell(problem(reply));
    token = reply.data.accessToken;
    keep(TOKEN, token);
    keep(NAME, reply.data.username);
    $('password').value = '';
    $('who').textContent = reply.data.username;
    show('join');
    await join();
  };
  const busy = (button, work) => async (event) => {
    event.preventDefault();
    tell('');
    button.disabled = true;
    try { await work(); } catch { tell('The server cannot be reached. Try again in a moment.'); }
    button.disabled = false;
  };

  $('go').addEventListener('click', busy($('go'), join));
  $('login').addEventListener('submit', busy($('enter'), enter));
  for (const button of [$('other'), $('leave')]) button.addEventListener('click', busy(button, logOut));
  $('switch').addEventListener('click', () => {
    fresh = !fresh;
    tell('');
    $('hint').textContent = fresh ? 'Choose a username, and a password of 8 characters or more.' : 'Log in with your account to join.';
    $('enter').textContent = fresh ? 'Create and join' : 'Log in and join';
    $('switch').textContent = fresh ? 'I have an account' : 'New account';
    $('password').autocomplete = fresh ? 'new-password' : 'current-password';
    $('username').focus();
  });

  (async () => {
    if (!token) return show('login');
    const groups = await ask('GET', 'api/get_groups');
    if (groups.status === 401) { forget(); return show('login'); }
    $('who').textContent = recall(NAME) || 'somebody';
    show('join');
    const info = await ask('GET', 'api/invite_info/' + invite);
    const mine = (groups.data.groups || []).find((group) => group.group_id === info.data.group_id);
    if (mine) finish(mine, true);
  })().catch(() => tell('The server cannot be reached. Try again in a moment.'));
})();
)js";

}  // namespace

Task<Reply> show_invite_page(RequestContext& context) {
  const auto group = co_await context.vault.groups().find_invite(context.path.text("invite"));
  if (!group) {
    co_return std::unexpected(Problem(ProblemKind::kNotFound, "Invite link not found"));
  }
  const std::string content =
      fmt::format(kContent, escape_html(group->name), escape_html(context.client.base_path));
  const std::string title = "Invite to " + group->name;
  http::Response page = page_response(200, {.base_path = context.client.base_path,
                                            .title = title,
                                            .content = content,
                                            .script = kScript});
  page.headers.set("Cache-Control", "no-store");
  co_return page;
}

}  // namespace coffer::apis::fileuploader
