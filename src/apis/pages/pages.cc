#include "apis/pages/pages.h"

#include <algorithm>
#include <utility>

#include "apis/kit/file_reply.h"
#include "apis/kit/page.h"
#include "apis/kit/share_link.h"
#include "apis/pages/link_pages.h"
#include "apis/pages/shared_pictures.h"
#include "apis/pages/views.h"

namespace coffer::apis::pages {
namespace {

using vault::Entry;

// A page of a list ends with so many entries, or bytes of what people wrote about them.
constexpr std::size_t kPageEntries = 200;
constexpr std::size_t kPageBytes = 64U << 10U;
constexpr std::size_t kStepsMax = 12;  // of the way to a folder that are told

// What a path names: the token's own entry, or one below it.
struct Named {
  Uuid token;
  Entry shared;
  Entry shown;
  vault::ShareRef share;  // by which both are read
};

Task<std::expected<Named, Problem>> find_named(RequestContext& context, bool is_below) {
  const auto token = Uuid::parse(context.path.text("token"));
  if (!token) co_return std::unexpected(nothing_here());
  auto shared = co_await context.vault.shares().find(*token);
  if (!shared) co_return std::unexpected(nothing_here());
  if (!is_below) co_return Named{*token, shared->entry, shared->entry, shared->share};
  const auto uuid = Uuid::parse(context.path.text("entry"));
  if (!uuid) co_return std::unexpected(nothing_here());
  auto shown = co_await context.vault.shares().find_under(*token, *uuid);
  if (!shown) co_return std::unexpected(nothing_here());
  co_return Named{*token, std::move(shared->entry), std::move(shown->entry), shown->share};
}

// From what is shared down to what is shown; steps in between are left out where there are many.
Task<std::vector<Entry>> way_to(RequestContext& context, const Named& named) {
  std::vector<Entry> way{named.shown};
  while (way.back().id != named.shared.id && way.size() < kStepsMax) {
    auto parent = co_await context.vault.folders().parent_of(way.back());
    if (!parent) break;
    way.push_back(context.vault.shares().for_reader(named.share, std::move(*parent)));
  }
  if (way.back().id != named.shared.id) way.push_back(named.shared);
  std::ranges::reverse(way);
  co_return way;
}

// Goes on behind `after`, a folder or a file of the list.
Task<Listing> list(RequestContext& context, const Named& named, std::optional<Entry> after) {
  const Entry& folder = named.shown;
  Listing listing;
  listing.is_start = !after;
  vault::PageLimit limit(kPageEntries, kPageBytes);
  for (const bool folders : {true, false}) {
    if (folders && after && !after->is_folder()) continue;
    vault::ChildQuery query{
        .space = folder.space, .folder = folder.id, .folders = folders, .limit = limit};
    if (after && after->is_folder() == folders) query.after = after->key;
    auto page = co_await context.vault.folders().children(query);
    listing.is_end = !page.more;
    limit.rows -= page.items.size();
    for (Entry& entry : page.items) {
      limit.bytes -= std::min(limit.bytes, entry.text_bytes());
      listing.entries.push_back(context.vault.shares().for_reader(named.share, std::move(entry)));
    }
    if (page.more) break;
    // A full page is still told whether a file follows.
    if (limit.bytes == 0) limit.rows = 0;
  }
  co_return listing;
}

// The entry behind which the list is to go on; nothing when it lies elsewhere.
Task<std::optional<Entry>> list_start(RequestContext& context, const Named& named) {
  const auto after = context.request.uri.parameter("after");
  const auto uuid = after ? Uuid::parse(*after) : std::nullopt;
  if (!uuid) co_return std::nullopt;
  auto found = co_await context.vault.shares().find_under(named.token, *uuid);
  if (!found || found->entry.parent != named.shown.id) co_return std::nullopt;
  co_return std::move(found->entry);
}

Task<Reply> show(RequestContext& context, bool is_below) {
  const auto named = co_await find_named(context, is_below);
  if (!named) {
    Reply of_link = co_await show_link(context, is_below);
    co_return of_link;
  }
  PageLocation place{.base_path = context.client.base_path,
                     .base_url = context.client.base_url,
                     .token = named->token,
                     .way = {}};
  place.makes_pictures = context.vault.pictures().has_maker();
  place.way = co_await way_to(context, *named);
  if (!place.shown().is_folder()) {
    const View view = co_await read_file_view(context.vault, place);
    co_return view_response(place, view);
  }
  auto start = co_await list_start(context, *named);
  const Listing listing = co_await list(context, *named, std::move(start));
  co_return view_response(place, folder_view(place, listing));
}

Task<Reply> send(RequestContext& context, bool is_below, Rendition rendition) {
  const auto named = co_await find_named(context, is_below);
  if (!named) {
    Reply of_link = co_await send_link(context, is_below, rendition);
    co_return of_link;
  }
  if (named->shown.is_folder()) co_return std::unexpected(nothing_here());
  if (rendition != Rendition::kContent) {
    Reply picture = co_await picture_reply(context, named->shown, rendition);
    if (picture) keep_private(*picture);
    co_return picture;
  }
  Reply content = co_await file_reply(context, named->shown, "inline");
  if (content) keep_private(*content);
  co_return content;
}

// A route's handler for one rendition of what is shared, or of what is below it.
Handler sender(bool is_below, Rendition rendition) {
  return
      [is_below, rendition](RequestContext& context) { return send(context, is_below, rendition); };
}

Task<Reply> show_shared(RequestContext& context) { return show(context, false); }
Task<Reply> show_below(RequestContext& context) { return show(context, true); }

// What opens without a password takes none.
Task<Reply> unlock(RequestContext& context) {
  const auto named = co_await find_named(context, false);
  if (!named) {
    Reply of_link = co_await unlock_link(context);
    co_return of_link;
  }
  Problem problem(ProblemKind::kMethodNotAllowed, "This page can only be read");
  problem.headers.add("Allow", "GET, HEAD");
  co_return std::unexpected(std::move(problem));
}

Task<Reply> send_style(RequestContext&) { co_return style_response(); }
Task<Reply> send_icon(RequestContext&) { co_return icon_response(); }

Sorry link_words_of(ProblemKind kind) noexcept {
  if (kind != ProblemKind::kNotFound) return sorry_for(kind);
  return {"This link leads nowhere",
          "It may have expired, or whoever shared it has withdrawn it. Ask them for a new one."};
}

class Pages final : public Dialect {
 public:
  std::string_view name() const override { return "pages"; }
  std::vector<std::string> prefixes() const override { return {std::string(kSharePrefix)}; }

  std::vector<Route> routes() const override {
    std::vector<Route> routes;
    const auto add = [&](std::string pattern, Handler handler) {
      routes.push_back({.method = http::Method::kGet,
                        .pattern = std::move(pattern),
                        .access = Access::kAnyone,
                        .handler = std::move(handler),
                        .rate = RateClass::kVisitor});
    };
    add("/style.css", send_style);
    add("/icon.svg", send_icon);
    add("/{token}", show_shared);
    routes.push_back({.method = http::Method::kPost,
                      .pattern = "/{token}",
                      .access = Access::kAnyone,
                      .handler = unlock,
                      .rate = RateClass::kVisitor});
    add("/{token}/{entry}", show_below);
    for (const bool is_below : {false, true}) {
      const std::string path = is_below ? "/{token}/{entry}" : "/{token}";
      add(path + "/content", sender(is_below, Rendition::kContent));
      add(path + "/thumbnail", sender(is_below, Rendition::kThumbnail));
      add(path + "/image", sender(is_below, Rendition::kImage));
    }
    return routes;
  }

  http::Response render(const Problem& problem, const http::Request&) const override {
    auto [title, advice] = link_words_of(problem.kind);
    if (problem.kind == ProblemKind::kForbidden) {
      title = "This is not open to you";
      advice = problem.message;
    }
    const std::string content = sorry_view(title, advice);
    return page_response(status_of(problem.kind),
                         {.base_path = base_path(), .title = title, .content = content});
  }
};

}  // namespace

std::unique_ptr<Dialect> make() { return std::make_unique<Pages>(); }

}  // namespace coffer::apis::pages
